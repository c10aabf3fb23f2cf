import { pathToFileURL } from 'node:url'
import type { AnyFunction } from '@rq/job'
import { sourceText } from './builtin-function.ts'
import { entryFiles } from './entry-files.ts'
import { findExport } from './export-path.ts'
import { loadedScripts, placeOf } from './function-script.ts'
import { filePath, loadedExports, loadedFiles } from './loaded-module.ts'
import { isInstalled, pathBelow } from './module-file.ts'

/** Where a function is exported. */
export interface Home {
  readonly file: string
  readonly exportPath: readonly string[]
}

/** A function that is looked for. `inner` is the one that it wraps, or itself; `scriptId` where that was written. */
export interface Wanted {
  readonly fn: AnyFunction
  readonly inner: AnyFunction
  readonly scriptId: string | undefined
}

/**
 * How long to wait for a module that is still loading: for the one that must export the function, and for any other.
 */
const PATIENCE_MS = 2000
const SEARCH_PATIENCE_MS = 1000

/**
 * Look in the module where the function was written for the function itself, for the one it wraps, and for its twin.
 * `modules` are the exports that were looked through: undefined while the module is still being loaded.
 */
export async function exportedFrom(
  url: string,
  wanted: Wanted,
): Promise<{ readonly modules: readonly object[] | undefined; readonly home?: Home }> {
  const modules = await loadedExports(url, PATIENCE_MS)
  for (const find of [findSame(wanted.fn), findSame(wanted.inner), findTwin(wanted)]) {
    for (const exports of modules ?? []) {
      const exportPath = await find(exports)
      if (exportPath !== undefined) return { modules, home: { file: filePath(url), exportPath } }
    }
  }
  return { modules }
}

/**
 * Look in every other loaded module, but not in packages that are installed, except the one at `folder`. A wrapped
 * function is exported where the wrapper was called, not where it was written, and packages re-export what they have in
 * other files.
 */
export async function exportedElsewhere(url: string, wanted: Wanted, folder: string | undefined): Promise<Home[]> {
  const modules = (await loadedScripts()).filter((script) => script.isModule).map((script) => script.url)
  const urls = new Set([...modules, ...loadedFiles().map((file) => pathToFileURL(file).href)])
  const entry = entryFiles()
  const candidates = [...urls].filter((one) => {
    const file = filePath(one)
    return one !== url && file !== '' && !entry.includes(file) && (!isInstalled(file) || isOwn(folder, file))
  })
  const loaded = await Promise.all(candidates.map((one) => loadedExports(one, SEARCH_PATIENCE_MS)))
  const homes: Home[] = []
  for (const [index, candidate] of candidates.entries()) {
    for (const exports of loaded[index] ?? []) {
      const exportPath = findSame(wanted.fn)(exports) ?? findSame(wanted.inner)(exports)
      if (exportPath !== undefined) homes.push({ file: filePath(candidate), exportPath })
    }
  }
  return homes
}

/** Whether a file belongs to the package at a folder, and not to one that is installed below it. */
function isOwn(folder: string | undefined, file: string): boolean {
  const path = folder === undefined ? undefined : pathBelow(folder, file)
  return path !== undefined && !isInstalled(path)
}

const findSame = (fn: AnyFunction) => (exports: object) => findExport(exports, (value) => value === fn)

/**
 * Finds the same function in another instance of its module, by name and source: a test runner that keeps modules to
 * itself leaves nothing better to compare. In the same instance this is not enough: two closures made by one line
 * differ.
 */
const findTwin =
  ({ inner, scriptId }: Wanted) =>
  async (exports: object): Promise<readonly string[] | undefined> => {
    let twin: AnyFunction | undefined
    const path = findExport(exports, (value) => {
      if (typeof value !== 'function' || value.name !== inner.name) return false
      if (sourceText(value as AnyFunction) !== sourceText(inner)) return false
      twin = value as AnyFunction
      return true
    })
    if (twin === undefined) return undefined
    const place = await placeOf(twin)
    return typeof place === 'object' && place.scriptId !== scriptId ? path : undefined
  }
