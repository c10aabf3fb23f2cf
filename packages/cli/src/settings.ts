import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { checkConfig, type RqConfig } from './config.ts'
import { UsageError } from './exit-code.ts'
import type { Host } from './host.ts'
import { visible } from './output/terminal-text.ts'
import { type RedisAddress, redisAddress } from './redis-address.ts'

const MODULE_EXTENSION = /\.[cm]?[jt]sx?$/

/** The flags of all commands. */
export interface SharedOptions {
  readonly url: string | undefined
  readonly urlFile?: string | undefined
  /** False: no configuration file. */
  readonly config: string | false | undefined
  readonly path: readonly string[] | undefined
  readonly serializer: string | undefined
  readonly codec: string | undefined
  readonly prefix: string | undefined
  readonly verbose?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly color?: boolean | undefined
  readonly help?: boolean | undefined
}

/** The settings from flags, environment and configuration file. */
export interface Settings {
  readonly connection: RedisAddress
  /** Prefix of all keys. Undefined: rq's default. */
  readonly prefix: string | undefined
  /** `json`, `superjson` or `module#export`, the module absolute or a package's; undefined: rq's default. */
  readonly serializer: string | undefined
  /** `module#export`, the module absolute or a package's; undefined: none. */
  readonly codec: string | undefined
  /** Absolute paths to import functions from. */
  readonly importPaths: readonly string[]
  /** Modules of the configuration file that every work horse loads first. */
  readonly imports: readonly string[]
  /** The folder that paths in the configuration file are relative to. */
  readonly base: string
  /** The whole configuration file. */
  readonly config: RqConfig
}

/**
 * Read all settings. A flag overrides the environment, which overrides the configuration file and its defaults.
 * @throws RqError `RQ_CONFIG`; UsageError.
 */
export async function resolveSettings(options: SharedOptions, host: Host): Promise<Settings> {
  const file =
    options.config === false ? undefined : await host.loadConfig(options.config ?? (host.env.RQ_CONFIG || undefined))
  const config = file === undefined ? {} : checkConfig(file.values, file.path)
  const base = file === undefined ? host.folder : dirname(file.path)
  const paths = options.path?.map((path) => resolve(host.folder, path)) ?? listOf(config.path)
  return {
    connection: await redisAddress(options, host, config),
    prefix: options.prefix ?? config.prefix,
    serializer: (await moduleFrom(options.serializer, host.folder)) ?? (await moduleFrom(config.serializer, base)),
    codec: (await moduleFrom(options.codec, host.folder)) ?? (await moduleFrom(config.codec, base)),
    importPaths: paths.length === 0 ? [host.folder] : paths.map((path) => resolve(base, path)),
    imports: await modulesFrom(listOf(config.import), base),
    base,
    config,
  }
}

/** Check the folders of `--path`. @throws UsageError naming one that does not exist. */
export async function checkPaths({ path: paths = [] }: SharedOptions, host: Host): Promise<void> {
  for (const path of paths) {
    if (await isFolder(resolve(host.folder, path))) continue
    throw new UsageError(`Invalid --path: there is no folder ${visible(path)}.`)
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/**
 * Makes a relative module absolute, so that it means the same from everywhere; keeps names of packages. `dist/jobs.js`
 * is `./dist/jobs.js` if there is such a file, as for functions.
 * @param module - `module` or `module#export`.
 */
export async function moduleFrom<T extends string | undefined>(module: T, folder: string): Promise<T> {
  if (module === undefined) return module
  const isPath = /^\.{1,2}\//.test(module) || (await isModuleFile(module.replace(/#[^#]*$/, ''), folder))
  return (isPath ? resolve(folder, module) : module) as T
}

export function modulesFrom(modules: readonly string[], folder: string): Promise<string[]> {
  return Promise.all(modules.map((module) => moduleFrom(module, folder)))
}

/** Whether a module without `./` is a file. Only one with an extension may be: a folder `tsx` hides no package. */
async function isModuleFile(module: string, folder: string): Promise<boolean> {
  if (!MODULE_EXTENSION.test(module)) return false
  const found = await stat(resolve(folder, module)).catch(() => undefined)
  return found?.isFile() === true
}

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}
