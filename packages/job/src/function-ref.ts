import { RqError, show } from '@rq/core'

// biome-ignore lint/suspicious/noExplicitAny: the one place where a function of any shape is meant
export type AnyFunction = (...args: any[]) => any

/** A string reference that remembers the type of the function it names. Made by {@link ref}. */
export type TypedRef<F extends AnyFunction> = string & { readonly '~function'?: F }

/** A function, or a string that names one: `'pkg.mod.func'`, `'./path/module#export'`, `'@acme/jobs/email#send'`. */
export type FunctionRef<F extends AnyFunction = AnyFunction> = F | TypedRef<F>

/**
 * Make a string reference that has the types of `F`, for code that cannot import the function itself:
 * `q.enqueue(ref<typeof send>('@acme/jobs/email#send'), ['ada@example.com'])`.
 * @throws RqError `RQ_INVALID_REFERENCE` when the string is not a reference.
 */
export function ref<F extends AnyFunction>(text: string): TypedRef<F> {
  parseFunctionRef(text)
  return text
}

/**
 * A parsed reference to a function.
 * - `module`: a module (`./jobs/email`, relative to an import path, or a package) and the names that lead to its
 *   export.
 * - `script`: a module alone, `./path/to/file`, relative to an import path. It is run from the top.
 * - `dotted`: RQ's form: words of Unicode letters and digits, `_`, `$` and `-`. The importer finds out where the module
 *   ends and the export begins; all of it may name a module to run.
 * - `name`: a single word: a function registered with the worker.
 */
export type ParsedFunctionRef =
  | { readonly kind: 'module'; readonly module: string; readonly exportPath: readonly string[] }
  | { readonly kind: 'script'; readonly path: string }
  | { readonly kind: 'dotted'; readonly parts: readonly string[] }
  | { readonly kind: 'name'; readonly name: string }

const LONGEST_REF = 500
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u
/** Part of a dotted path: the name of a file or a folder, or what may follow in an identifier. */
const WORD = /^[-\p{ID_Continue}$\u200c\u200d]+$/u

/**
 * Split a reference into its parts. Checks only its form; the importer decides whether it may be imported.
 * @throws RqError `RQ_INVALID_REFERENCE`.
 */
export function parseFunctionRef(text: unknown): ParsedFunctionRef {
  if (typeof text !== 'string' || text === '' || text.length > LONGEST_REF) throw invalid(text)
  const hash = text.indexOf('#')
  if (hash !== -1) {
    const module = text.slice(0, hash)
    const exportPath = text.slice(hash + 1).split('.')
    if (module === '' || !exportPath.every(isExportName)) throw invalid(text)
    return { kind: 'module', module, exportPath }
  }
  if (/^\.\/[^/]/.test(text)) return { kind: 'script', path: text.slice(2) }
  const parts = text.split('.')
  if (!parts.every((part) => WORD.test(part))) throw invalid(text)
  return parts.length === 1 ? { kind: 'name', name: text } : { kind: 'dotted', parts }
}

/** Whether the export path of a reference, what follows its `#`, can hold a name. */
export function isExportName(name: string): boolean {
  return IDENTIFIER.test(name)
}

function invalid(text: unknown): RqError {
  return new RqError(
    'RQ_INVALID_REFERENCE',
    `Not a function reference: ${show(text)}. Expected 'package.module.function', './path/to/module#export', '@scope/package/module#export', or './path/to/module' to run it from the top.`,
  )
}
