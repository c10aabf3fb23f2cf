import { readdir, stat } from 'node:fs/promises'
import { isBuiltin } from 'node:module'
import { basename, dirname } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { invalidOption, RqError } from '@rq/core'
import { FunctionLoader, type FunctionLoaderOptions, packageFolder, parsePackageSpecifier } from '@rq/functions'
import { jobsFile } from './inside-horse/load-jobs.ts'

export interface StartCheckOptions extends FunctionLoaderOptions {
  /** References of exception handlers. */
  readonly handlers: readonly string[]
  /**
   * Whether this process may import the modules of handlers. False: it only looks for their files, and the first horse
   * loads them.
   */
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
      throw badHandler(why, cause)
    }
  }
}

/** The error for an exception handler that cannot be loaded; `why` names its reference. */
export function badHandler(why: string, cause?: unknown): RqError {
  const details = { option: 'exceptionHandlers' }
  return new RqError('RQ_INVALID_OPTION', `Invalid exceptionHandlers: ${why}`, { details, cause })
}

/**
 * Check the modules that every horse loads first.
 * @throws RqError `RQ_INVALID_OPTION` for one that does not exist.
 */
export async function checkImports(imports: readonly string[]): Promise<void> {
  for (const [index, module] of imports.entries()) {
    if (module.startsWith('file:')) await checkFile('imports', fileURLToPath(module))
    else if (index === 0) await checkPackage('imports', module)
  }
}

/**
 * Check that the module of the jobs exists, before a horse imports it.
 * @param reference - `module` or `module#export`.
 * @param imports - The modules that a horse loads before it.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export async function checkJobsModule(reference: string, imports: readonly string[]): Promise<void> {
  const path = jobsFile(reference)
  if (path !== undefined) await checkFile('jobs', path)
  else if (imports.length === 0) await checkPackage('jobs', reference.replace(/#[^#]*$/, ''))
}

/**
 * Of packages only the first that a horse loads is checked: it may be a loader that finds the next ones in a way of its
 * own, as Yarn's Plug'n'Play does for all. Each horse would end with the stack of Node, and the next one again.
 */
async function checkPackage(option: string, module: string): Promise<void> {
  const name = parsePackageSpecifier(module)?.name
  if (name === undefined || isBuiltin(module) || process.versions.pnp !== undefined) return
  if ((await packageFolder(process.cwd(), name)) !== undefined) return
  const expected = `a package that is installed (npm install ${name}), or the path of a module that exists (./${module})`
  throw invalidOption(option, module, expected)
}

async function checkFile(option: string, path: string): Promise<void> {
  const inFolder = await readdir(dirname(path)).catch((): string[] => [])
  // A loader may find `setup.ts` for `setup.js`.
  const stem = basename(path).replace(/\.\w+$/, '')
  if (inFolder.some((name) => name === stem || name.startsWith(`${stem}.`))) return
  throw invalidOption(option, path, 'a module that exists')
}
