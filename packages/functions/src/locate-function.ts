import { RqError, show } from '@rq/core'
import { type AnyFunction, type FunctionRef, parseFunctionRef } from '@rq/job'
import { isBuiltinFunction } from './builtin-function.ts'
import { entryFiles } from './entry-files.ts'
import { callProblem } from './export-path.ts'
import { exportedElsewhere, exportedFrom, type Home, type Wanted } from './exporting-modules.ts'
import { functionName, innerFunction } from './function-name.ts'
import { placeOf, scriptWithId } from './function-script.ts'
import { filePath } from './loaded-module.ts'
import { madeByPackage } from './made-by-package.ts'
import { ModuleNames } from './module-names.ts'
import { olderBuild } from './older-build.ts'
import {
  refuseEntry,
  refuseHidden,
  refuseLoading,
  refuseText,
  refuseUncallable,
  refuseUnexported,
  refuseUnknown,
  refuseUnnamed,
} from './refusal.ts'

export interface LocateOptions {
  /** Folders below which modules are named, in the worker's order. Default: the working directory. */
  readonly importPaths?: readonly string[]
  /**
   * Called once for each module of which an older build exists, which workers may run, and for each that exports a
   * function that a package has made. Default: nothing.
   */
  readonly warn?: (message: string) => void
}

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

async function locate(fn: AnyFunction, options: LocateOptions): Promise<string> {
  const problem = callProblem(fn)
  if (problem !== undefined) throw refuseUncallable(fn, problem)
  const names = new ModuleNames(options.importPaths)
  const { file, exportPath, module, writtenIn } = await homeOf(fn, names)
  if (options.warn !== undefined) {
    for (const warning of [await olderBuild(file), await madeByPackage(file, writtenIn)]) {
      if (warning !== undefined) options.warn(warning)
    }
  }
  const reference = `${module}#${exportPath.join('.')}`
  parseFunctionRef(reference)
  return reference
}

/** The module that exports a function, by its name, and the file where the function was written, if it is known. */
interface NamedHome extends Home {
  readonly module: string
  readonly writtenIn?: string
}

/** @throws RqError `RQ_INVALID_REFERENCE`. */
async function homeOf(fn: AnyFunction, names: ModuleNames): Promise<NamedHome> {
  const inner = innerFunction(fn)
  const place = await placeOf(inner)
  if (place === 'unknown') {
    if (isBuiltinFunction(inner)) throw refuseUnknown(fn, 'native')
    const homes = await exportedElsewhere('', { fn, inner, scriptId: undefined }, undefined)
    const named = await names.best(homes)
    if (named === undefined) throw refuseUnknown(fn, 'unknown')
    return named
  }
  const script = place === 'native' ? undefined : await scriptWithId(place.scriptId)
  if (place === 'native' || script === undefined || script.url.startsWith('node:')) throw refuseUnknown(fn, 'native')
  const { url } = script
  const file = filePath(url)
  if (file === '') throw refuseText(fn)
  if (entryFiles().includes(file)) throw refuseEntry(fn, file)

  const wanted: Wanted = { fn, inner, scriptId: script.id }
  const { home, modules } = await exportedFrom(url, wanted)
  if (modules === undefined) throw refuseLoading(fn, file)
  if (modules.length === 0) throw refuseHidden(fn, file, await names.best([{ file, exportPath: [] }]))
  const folder = await names.packageOf(file)
  const isPlain = home !== undefined && folder === undefined
  const own = home === undefined ? undefined : await names.best([home])
  if (own !== undefined && (isPlain || own.isPackage)) return { ...own, writtenIn: file }
  // A package re-exports what it has in files that it does not export.
  const others = await exportedElsewhere(url, wanted, folder)
  const named = await names.best(home === undefined ? others : [home, ...others])
  if (named !== undefined) return { ...named, writtenIn: file }
  if (home === undefined && others.length === 0) throw await refuseUnexported(fn, file, { modules, script, place })
  throw refuseUnnamed(fn, home ?? others[0], names)
}

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
