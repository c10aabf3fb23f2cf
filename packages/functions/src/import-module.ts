import { fileURLToPath } from 'node:url'
import { commonJs } from './common-js.ts'
import { isCommonJs } from './module-kind.ts'

/** A module's exports, wrapped so that no promise ever resolves with them: a module may export `then`. */
export interface Imported {
  readonly exports: object
}

const runtimeImport = (url: string): Promise<Record<string, unknown>> =>
  // What a job names is not part of any bundle.
  import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ url)

/** False where a test runner or a bundler has replaced `import()` with a function of its own. */
export const importIsNative: boolean = /\bimport\(/.test(runtimeImport.toString())

/**
 * Import a module by URL. `await import(url)` would call an exported `then`, so this imports a module that re-exports
 * all of it under one name. A test runner's import is used as it is: only that one returns the instance that the test
 * sees.
 */
export async function importModule(url: string): Promise<Imported> {
  if (!importIsNative) return { exports: await runtimeImport(url) }
  const file = fileURLToPath(url)
  // Node.js 20 reports what a CommonJS module throws a second time, as an uncaught error, when an ES module imports it.
  if (await isCommonJs(file)) commonJs()(file)
  const source = `export * as exports from ${JSON.stringify(url)}`
  const wrapper = await runtimeImport(`data:text/javascript,${encodeURIComponent(source)}`)
  // Bun cannot re-export from such a module.
  return { exports: (wrapper.exports ?? (await runtimeImport(url))) as object }
}
