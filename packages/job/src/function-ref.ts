import { RqError, show } from '@rq/core'

// biome-ignore lint/suspicious/noExplicitAny: the one place where a function of any shape is meant
export type AnyFunction = (...args: any[]) => any

/** A string reference that remembers the type of the function it names. Made by {@link ref}. */
export type TypedRef<F extends AnyFunction> = string & { readonly '~function'?: F }

/** A function object, or the text that names one: `'pkg.mod.func'`, `'./path/module#export'`, `'@acme/jobs/email#send'`. */
export type FunctionRef<F extends AnyFunction = AnyFunction> = F | TypedRef<F>

/**
 * A string reference with the types of `F`, for code that cannot import the function itself:
 * `q.enqueue(ref<typeof send>('@acme/jobs/email#send'), ['ada@example.com'])`.
 * @throws RqError `RQ_INVALID_REFERENCE` when the text is not a reference.
 */
export function ref<F extends AnyFunction>(text: string): TypedRef<F> {
  parseFunctionRef(text)
  return text
}

/**
 * A function's name as data.
 * - `module`: a module specifier (`./jobs/email`, relative to an import path, or a package) and the path of names below its exports.
 * - `script`: a module alone, `./path/to/file`, relative to an import path: it is run from the top.
 * - `dotted`: RQ's form; where the module ends and the attribute begins is found by the one who imports it. All of it may
 *   name a module to run.
 * - `name`: a single word, looked up among the functions registered with a worker.
 */
export type ParsedFunctionRef =
  | { readonly kind: 'module'; readonly module: string; readonly exportPath: readonly string[] }
  | { readonly kind: 'script'; readonly path: string }
  | { readonly kind: 'dotted'; readonly parts: readonly string[] }
  | { readonly kind: 'name'; readonly name: string }

const LONGEST_REF = 500
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u
const WORD = /^[A-Za-z0-9_$-]+$/

/**
 * Split a reference into its parts. Says only whether the text is well formed: whether it may be imported is decided by the importer.
 * @throws RqError `RQ_INVALID_REFERENCE`.
 */
export function parseFunctionRef(text: unknown): ParsedFunctionRef {
  if (typeof text !== 'string' || text === '' || text.length > LONGEST_REF) throw invalid(text)
  const hash = text.indexOf('#')
  if (hash !== -1) {
    const module = text.slice(0, hash)
    const exportPath = text.slice(hash + 1).split('.')
    if (module === '' || !exportPath.every((name) => IDENTIFIER.test(name))) throw invalid(text)
    return { kind: 'module', module, exportPath }
  }
  if (/^\.\/[^/]/.test(text)) return { kind: 'script', path: text.slice(2) }
  const parts = text.split('.')
  if (!parts.every((part) => WORD.test(part))) throw invalid(text)
  return parts.length === 1 ? { kind: 'name', name: text } : { kind: 'dotted', parts }
}

function invalid(text: unknown): RqError {
  return new RqError(
    'RQ_INVALID_REFERENCE',
    `Not a function reference: ${show(text)}. Expected 'package.module.function', './path/to/module#export', '@scope/package/module#export', or './path/to/module' to run it from the top.`,
  )
}
