import { realpathSync } from 'node:fs'
import { relative } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { RqError, show } from '@rq/core'
import { type AnyFunction, type FunctionRef, parseFunctionRef } from '@rq/job'
import { isBuiltinFunction, isClass, sourceText } from './builtin-function.ts'
import { commonJs } from './common-js.ts'
import { callProblem, findExport } from './export-path.ts'
import { functionName, innerFunction } from './function-name.ts'
import { loadedScripts, type Script, scriptOf } from './function-script.ts'
import { filePath, loadedExports, loadedFiles } from './loaded-module.ts'
import { isInstalled } from './module-file.ts'
import { moduleReference } from './module-reference.ts'

export interface LocateOptions {
  /** Folders below which modules are named, in the worker's order. Default: the working directory. */
  readonly importPaths?: readonly string[]
}

/** Where a function is exported. */
interface Found {
  readonly file: string
  readonly exportPath: readonly string[]
}

/**
 * How long to wait for a module that is still loading: for the one that must export the function, and for any other.
 */
const PATIENCE_MS = 2000
const SEARCH_PATIENCE_MS = 1000

const found = new WeakMap<AnyFunction, Map<string, string>>()
const underway = new WeakMap<AnyFunction, Map<string, Promise<string>>>()

/**
 * The reference of a function that was named or located before with the same import paths; undefined otherwise.
 * Synchronous.
 */
export function cachedReference(fn: AnyFunction, options: LocateOptions = {}): string | undefined {
  return found.get(fn)?.get(cacheKey(options)) ?? functionName(fn)
}

/**
 * The reference to store for a function. A string is checked and returned. For a function object it is the portable
 * reference of its export, `./jobs/email#send` or `@acme/jobs/email#send`, or its name if it has one. The engine
 * reports in which script the function was written; that module, or else any other loaded one, must export it. The
 * answer is cached by function and import paths; failures are not.
 * @throws RqError `RQ_INVALID_REFERENCE` when no worker could import the function, saying why and what to do, and for a
 *   string that is not a reference.
 */
export async function referenceOf(func: FunctionRef, options: LocateOptions = {}): Promise<string> {
  if (typeof func !== 'string') return locateFunction(func, options)
  parseFunctionRef(func)
  return func
}

async function locateFunction(fn: unknown, options: LocateOptions): Promise<string> {
  if (typeof fn !== 'function') {
    throw new RqError(
      'RQ_INVALID_REFERENCE',
      `Cannot enqueue ${show(fn)}: it is not a function. Pass an exported function, or a reference such as './path/to/module#export'.`,
    )
  }
  const func = fn as AnyFunction
  const known = cachedReference(func, options)
  if (known !== undefined) return known
  const key = cacheKey(options)
  const searches = mapOf(underway, func)
  const search = searches.get(key) ?? locate(func, options)
  searches.set(key, search)
  try {
    const reference = await search
    mapOf(found, func).set(key, reference)
    return reference
  } finally {
    searches.delete(key)
  }
}

async function locate(fn: AnyFunction, { importPaths }: LocateOptions): Promise<string> {
  const inner = innerFunction(fn)
  if (isClass(inner)) throw refusal(fn, 'it is a class', 'Enqueue one of its static methods.')
  const script = scriptOf(inner)
  if (script === undefined || script.url.startsWith('node:')) throw notWritten(inner)
  const file = filePath(script.url)
  if (file === '') throw refusal(fn, 'it was not written in a module file', NAME_IT)
  if (entryFiles().includes(file)) {
    throw refusal(
      fn,
      `it belongs to the script that was started (${shown(file)}), which a worker would run again to reach it`,
      'Move it to a module of its own. In a bundled program give it a name with job(), and to the worker in its functions option.',
    )
  }
  const home = (await exportedFrom(script.url, fn, inner, script)) ?? (await exportedElsewhere(script.url, fn, inner))
  if (home === undefined) {
    throw refusal(
      fn,
      `no module exports it (it was written in ${shown(file)})`,
      `Export it from its module. A closure cannot be enqueued: pass what it needs as arguments. ${NAME_IT}`,
    )
  }
  const problem = callProblem(fn)
  if (problem !== undefined) throw refusal(fn, `it ${problem}`, 'Export a plain function that calls it.')
  const module = await moduleReference(home.file, importPaths)
  if (module === undefined) {
    throw refusal(
      fn,
      `its module ${shown(home.file)} lies outside of the import paths (${(importPaths ?? ['.']).join(', ')}), and no package that they can import exports it`,
      `Set importPaths here, and --path of the worker, to a folder that holds it. ${NAME_IT}`,
    )
  }
  const reference = `${module}#${home.exportPath.join('.')}`
  parseFunctionRef(reference)
  return reference
}

/** Look in one loaded module for the function itself, for the one it wraps, and for its twin. */
async function exportedFrom(
  url: string,
  fn: AnyFunction,
  inner: AnyFunction,
  script: Script,
): Promise<Found | undefined> {
  const file = filePath(url)
  const modules = await loadedExports(url, PATIENCE_MS)
  if (modules === undefined) {
    throw refusal(
      fn,
      `its module ${shown(file)} is still being loaded`,
      'Enqueue after its top level has run, not within it.',
    )
  }
  for (const isWanted of [isSame(fn), isSame(inner), isTwin(inner, script)]) {
    for (const exports of modules) {
      const exportPath = findExport(exports, isWanted)
      if (exportPath !== undefined) return { file, exportPath }
    }
  }
  return undefined
}

/**
 * Look in every other loaded module: a wrapped function is exported where the wrapper was called, not where it was
 * written.
 */
async function exportedElsewhere(url: string, fn: AnyFunction, inner: AnyFunction): Promise<Found | undefined> {
  const modules = loadedScripts().filter((script) => script.isModule && script.url !== url)
  const urls = new Set([
    ...modules.map((script) => script.url),
    ...loadedFiles().map((file) => pathToFileURL(file).href),
  ])
  const entry = entryFiles()
  const candidates = [...urls].filter((one) => {
    const file = filePath(one)
    return file !== '' && !isInstalled(file) && !entry.includes(file)
  })
  const loaded = await Promise.all(candidates.map((one) => loadedExports(one, SEARCH_PATIENCE_MS)))
  for (const [index, candidate] of candidates.entries()) {
    for (const exports of loaded[index] ?? []) {
      const exportPath = findExport(exports, isSame(fn)) ?? findExport(exports, isSame(inner))
      if (exportPath !== undefined) return { file: filePath(candidate), exportPath }
    }
  }
  return undefined
}

const isSame =
  (fn: AnyFunction) =>
  (value: unknown): boolean =>
    value === fn

/**
 * Matches the same function in another instance of its module, by name and source: a test runner that keeps modules to
 * itself leaves nothing better to compare. In the same instance this is not enough: two closures made by one line
 * differ.
 */
const isTwin =
  (fn: AnyFunction, script: Script) =>
  (value: unknown): boolean =>
    typeof value === 'function' &&
    value.name === fn.name &&
    sourceText(value as AnyFunction) === sourceText(fn) &&
    scriptOf(value as AnyFunction)?.id !== script.id

/**
 * The script that was started, which no reference may name, by RQ's rule for `__main__`. None in a worker thread: its
 * script is unknown.
 */
function entryFiles(): string[] {
  const started = process.argv[1]
  if (started === undefined || !isMainThread) return []
  try {
    const file = commonJs().resolve(started)
    return [file, realpathSync(file)]
  } catch {
    return [started]
  }
}

const NAME_IT = "Or name it by hand: ref('./path/to/module#export')."

function notWritten(fn: AnyFunction): RqError {
  const what = isBuiltinFunction(fn) ? 'a built-in function' : 'a bound, native or proxied function'
  return refusal(fn, `it is ${what}, whose module is unknown`, 'Export a function of your own that calls it.')
}

function refusal(fn: AnyFunction, why: string, advice: string): RqError {
  return new RqError('RQ_INVALID_REFERENCE', `Cannot enqueue ${show(fn)}: ${why}. ${advice}`)
}

const shown = (file: string): string => relative(process.cwd(), file) || file

function cacheKey({ importPaths }: LocateOptions): string {
  return importPaths === undefined ? '' : importPaths.join('\0')
}

function mapOf<V>(maps: WeakMap<AnyFunction, Map<string, V>>, fn: AnyFunction): Map<string, V> {
  const known = maps.get(fn)
  if (known !== undefined) return known
  const fresh = new Map<string, V>()
  maps.set(fn, fresh)
  return fresh
}
