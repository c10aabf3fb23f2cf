import { access } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ConfigFile } from '@rq/cli'
import { RqError } from '@rq/core'

const NAMES = ['rq.config.js', 'rq.config.mjs', 'rq.config.ts'] as const

/**
 * Load the configuration at `path`, or else the nearest one in `folder` or above it; undefined when there is none.
 * @throws RqError `RQ_CONFIG` when `path` does not exist, or the module cannot be loaded.
 */
export async function loadConfig(path: string | undefined, folder: string): Promise<ConfigFile | undefined> {
  const file = path === undefined ? await nearest(folder) : resolve(folder, path)
  if (file === undefined) return undefined
  if (!(await exists(file))) throw new RqError('RQ_CONFIG', `There is no configuration file ${path}.`)
  return { path: file, values: await exportsOf(file, relative(folder, file)) }
}

async function nearest(folder: string): Promise<string | undefined> {
  for (const name of NAMES) {
    const file = join(folder, name)
    if (await exists(file)) return file
  }
  const above = dirname(folder)
  return above === folder ? undefined : nearest(above)
}

/** The default export if there is one, else all exports by name. */
async function exportsOf(file: string, shown: string): Promise<unknown> {
  try {
    const module: Record<string, unknown> = await import(pathToFileURL(file).href)
    return 'default' in module ? module.default : { ...module }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new RqError(
        'RQ_CONFIG',
        `This Node.js cannot load TypeScript, such as ${shown}. Use Node.js 22.18 or newer, NODE_OPTIONS='--import tsx', or rq.config.js.`,
        { cause },
      )
    }
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    throw new RqError('RQ_CONFIG', `Cannot load the configuration file ${shown}: ${why}`, { cause })
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
