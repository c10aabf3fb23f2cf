/** A module's exports in a box, so that no promise ever resolves with them: a module may export `then`. */
export interface Imported {
  readonly exports: object
}

const runtimeImport = (url: string): Promise<Record<string, unknown>> => import(url)

/** False where a test runner or a bundler has put its own function in the place of `import()`. */
export const importIsNative: boolean = /\bimport\(/.test(runtimeImport.toString())

/**
 * Import a module by URL. `await import(url)` calls an exported `then`; a module that re-exports the whole of it as one name does not.
 * A test runner's import is used as it is, because only that one gives the instance that the test sees.
 */
export async function importModule(url: string): Promise<Imported> {
  if (!importIsNative) return { exports: await runtimeImport(url) }
  const source = `export * as exports from ${JSON.stringify(url)}`
  const wrapper = await runtimeImport(`data:text/javascript,${encodeURIComponent(source)}`)
  return { exports: wrapper.exports as object }
}
