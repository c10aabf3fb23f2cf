import { stat } from 'node:fs/promises'
import { invalidOption, RqError } from '@rq/core'
import { FunctionLoader, type FunctionLoaderOptions } from '@rq/functions'

export interface StartCheckOptions extends FunctionLoaderOptions {
  /** References of exception handlers. */
  readonly handlers: readonly string[]
  /** Whether this process may import the modules of handlers. False: it only looks for their files. */
  readonly mayImport: boolean
}

/**
 * Check before a worker starts what would show only when a job fails, or when no function is found.
 * @throws RqError `RQ_INVALID_OPTION` for an import path that is no folder, for a script that does not exist, and for
 *   an exception handler that cannot be loaded.
 */
export async function checkStart({ handlers, mayImport, ...options }: StartCheckOptions): Promise<void> {
  for (const path of options.importPaths ?? []) {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
    if (!isFolder) throw invalidOption('importPaths', path, 'a folder that exists')
  }
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
