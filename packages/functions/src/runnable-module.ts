import { pathToFileURL } from 'node:url'
import { RqError, show } from '@rq/core'
import type { AnyFunction } from '@rq/job'
import { commonJs } from './common-js.ts'
import { asImportFailure } from './import-failure.ts'
import { importModule } from './import-module.ts'
import { unreadableTypeScript } from './loading-error.ts'
import type { ModuleFile } from './module-file.ts'

let runs = 0

/**
 * A function that runs the top level of a module, again at every call. What the module imports runs only once, and each
 * run leaves its module in memory.
 *
 * It throws what the module throws; `RQ_INVALID_REFERENCE` when it is called with arguments, which a module cannot
 * receive; `RQ_FUNCTION_NOT_FOUND` for TypeScript that the process cannot load.
 */
export function runnableModule(reference: string, { file, path }: ModuleFile): AnyFunction {
  return async (...args: unknown[]) => {
    if (args.length > 0) {
      throw new RqError(
        'RQ_INVALID_REFERENCE',
        `${show(reference)} is the module ${path}, which is run from the top and takes no arguments. One of its functions is written './path/to/module#export'.`,
        { details: { reference } },
      )
    }
    delete commonJs().cache[file]
    runs += 1
    try {
      await importModule(`${pathToFileURL(file).href}?run=${runs}`)
    } catch (error) {
      throw unreadableTypeScript(reference, path, error) ?? asImportFailure(error)
    }
  }
}
