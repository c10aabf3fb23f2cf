import { fileURLToPath } from 'node:url'
import { within } from '@rq/core'
import { commonJs } from './common-js.ts'
import { importModule } from './import-module.ts'

/** A test runner's modules by the path of their file. */
type RunnerModules = ReadonlyMap<string, Iterable<{ readonly exports?: unknown }>>

interface RunnerState {
  readonly evaluatedModules?: { readonly fileToModulesMap?: RunnerModules }
}

/**
 * The objects of exports of a module that this process has loaded already: none when the module failed, undefined when
 * it is still loading after `patienceMs` milliseconds. A CommonJS module is read from the cache of `require`, a module
 * of vitest from vitest, so that neither runs a second time. Importing an ES module again returns the existing
 * instance.
 */
export async function loadedExports(url: string, patienceMs: number): Promise<readonly object[] | undefined> {
  const file = filePath(url)
  const known = [...commonJsExports(file), ...runnerExports(file)]
  if (known.length > 0) return known
  const imported = importModule(url).then(
    ({ exports }) => [exports],
    () => [],
  )
  // A module that waits for itself is never loaded; the wait keeps the process alive until that is an error.
  return within(patienceMs, imported)
}

/** The files of CommonJS modules and of a test runner's modules. ES modules are known only as scripts. */
export function loadedFiles(): string[] {
  return [...Object.keys(commonJs().cache), ...(runnerModules()?.keys() ?? [])]
}

/** The path of a `file:` URL without its query; '' for anything else. */
export function filePath(url: string): string {
  try {
    return fileURLToPath(url)
  } catch {
    return ''
  }
}

function commonJsExports(file: string): object[] {
  const exports: unknown = commonJs().cache[file]?.exports
  if (exports === undefined || exports === null) return []
  const isHolder = typeof exports === 'object' || typeof exports === 'function'
  return isHolder ? [exports, { default: exports }] : []
}

function runnerExports(file: string): object[] {
  const found: object[] = []
  for (const module of runnerModules()?.get(file) ?? []) {
    if (typeof module.exports === 'object' && module.exports !== null) found.push(module.exports)
  }
  return found
}

/** vitest's registry. It is not public, so anything about it may be missing; it may be a Map of another realm. */
function runnerModules(): RunnerModules | undefined {
  const state = (globalThis as { __vitest_worker__?: RunnerState }).__vitest_worker__
  const modules = state?.evaluatedModules?.fileToModulesMap
  return typeof modules?.get === 'function' && typeof modules.keys === 'function' ? modules : undefined
}
