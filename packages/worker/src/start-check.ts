import { readdir, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidOption, RqError } from '@rq/core'
import { FunctionLoader, type FunctionLoaderOptions } from '@rq/functions'

export interface StartCheckOptions extends FunctionLoaderOptions {
  /** Modules that every horse loads first. */
  readonly imports?: readonly string[]
  /** References of exception handlers. */
  readonly handlers: readonly string[]
  /** Whether this process may import the modules of handlers. False: it only looks for their files. */
  readonly mayImport: boolean
}

/**
 * Check before a worker starts what would show only when a job fails, or when no function is found.
 * @throws RqError `RQ_INVALID_OPTION` for an import path that is no folder, for a script or a module of `imports` that
 *   does not exist, and for an exception handler that cannot be loaded.
 */
export async function checkStart({ handlers, imports = [], mayImport, ...options }: StartCheckOptions): Promise<void> {
  for (const path of options.importPaths ?? []) {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!isFolder) throw invalidOption('importPaths', path, 'a folder that exists')
  }
  for (const module of imports) await checkImport(module)
  const loader = new FunctionLoader(options)
  await loader.checkScripts()
  for (const reference of handlers) {
    try {
      await (mayImport ? loader.load(reference) : loader.find(reference))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const details = { option: 'exceptionHandlers' }
      throw new RqError('RQ_INVALID_OPTION', `Invalid exceptionHandlers: ${why}`, { details, cause })
    }
  }
}

/** Packages are not checked: loaders that are imported before may resolve them in ways of their own. */
async function checkImport(module: string): Promise<void> {
  if (!module.startsWith('file:')) return
  const path = fileURLToPath(module)
  const inFolder = await readdir(dirname(path)).catch((): string[] => [])
  // A loader may find `setup.ts` for `setup.js`.
  const stem = basename(path).replace(/\.\w+$/, '')
  if (inFolder.some((name) => name === stem || name.startsWith(`${stem}.`))) return
  throw invalidOption('imports', path, 'a module that exists')
}
