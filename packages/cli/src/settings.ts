import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { RqError } from '@rq/core'
import { DEFAULT_URL, URL_VARIABLES } from 'rq/options'
import { checkConfig, type RqConfig, type SentinelConfig } from './config.ts'
import { defined } from './defined.ts'
import { UsageError } from './exit-code.ts'
import type { Host } from './host.ts'
import { visible } from './output/terminal-text.ts'

/** The flags of all commands. */
export interface SharedOptions {
  readonly url: string | undefined
  readonly config: string | undefined
  readonly path: readonly string[] | undefined
  readonly serializer: string | undefined
  readonly codec: string | undefined
  readonly prefix: string | undefined
  readonly verbose?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly color?: boolean | undefined
  readonly help?: boolean | undefined
}

/** Where Redis is: a URL, or the options of the client. */
type RedisAddress = string | Readonly<Record<string, unknown>>

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
 * @throws RqError `RQ_CONFIG`.
 */
export async function resolveSettings(options: SharedOptions, host: Host): Promise<Settings> {
  const file = await host.loadConfig(options.config ?? (host.env.RQ_CONFIG || undefined))
  const config = file === undefined ? {} : checkConfig(file.values, file.path)
  const base = file === undefined ? host.folder : dirname(file.path)
  const paths = options.path?.map((path) => resolve(host.folder, path)) ?? listOf(config.path)
  return {
    connection: options.url ?? addressIn(host.env) ?? addressOf(config) ?? DEFAULT_URL,
    prefix: options.prefix ?? config.prefix,
    serializer: moduleFrom(options.serializer, host.folder) ?? moduleFrom(config.serializer, base),
    codec: moduleFrom(options.codec, host.folder) ?? moduleFrom(config.codec, base),
    importPaths: paths.length === 0 ? [host.folder] : paths.map((path) => resolve(base, path)),
    imports: listOf(config.import).map((module) => moduleFrom(module, base)),
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

/** Makes a relative module absolute, so that it means the same from everywhere; keeps names of packages. */
export function moduleFrom<T extends string | undefined>(module: T, folder: string): T {
  return (module !== undefined && /^\.{1,2}\//.test(module) ? resolve(folder, module) : module) as T
}

export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [value] : value
}

function addressIn(env: Host['env']): RedisAddress | undefined {
  const url = URL_VARIABLES.map((name) => env[name]).find((value) => value)
  if (url) return url
  if (!env.REDIS_HOST) return undefined
  return hostAddress({
    host: env.REDIS_HOST,
    port: numberIn(env, 'REDIS_PORT'),
    db: numberIn(env, 'REDIS_DB'),
    username: env.REDIS_USERNAME || undefined,
    password: env.REDIS_PASSWORD || undefined,
  })
}

function addressOf(config: RqConfig): RedisAddress | undefined {
  if (config.redisUrl !== undefined) return config.redisUrl
  if (config.sentinel !== undefined) return sentinelAddress(config.sentinel)
  const { redisHost, redisPort, redisDb, redisUsername, redisPassword, redisSsl } = config
  const given = [redisHost, redisPort, redisDb, redisUsername, redisPassword, redisSsl]
  if (given.every((value) => value === undefined)) return undefined
  return hostAddress({
    host: redisHost,
    port: redisPort,
    db: redisDb,
    username: redisUsername,
    password: redisPassword,
    tls: redisSsl === true ? {} : undefined,
  })
}

function hostAddress({ host = 'localhost', port = 6379, db = 0, ...rest }: Partial<Record<string, unknown>>) {
  return defined({ host, port, db, ...rest })
}

function sentinelAddress(sentinel: SentinelConfig): RedisAddress {
  const { instances, masterName, db, username, password, sentinelUsername, sentinelPassword } = sentinel
  const tls = sentinel.ssl === true
  return defined({
    sentinels: instances.map(([host, port]) => ({ host, port })),
    name: masterName,
    db,
    username,
    password,
    sentinelUsername,
    sentinelPassword,
    tls: tls ? {} : undefined,
    enableTLSForSentinelMode: tls ? true : undefined,
    connectTimeout: sentinel.socketTimeout === undefined ? undefined : sentinel.socketTimeout * 1000,
  })
}

function numberIn(env: Host['env'], name: string): number | undefined {
  const text = env[name]
  // Docker and Kubernetes put "tcp://10.0.0.1:6379" into REDIS_PORT for a service called redis.
  if (!text || text.startsWith('tcp://')) return undefined
  if (/^\d+$/.test(text)) return Number(text)
  throw new RqError('RQ_CONFIG', `The environment variable ${name} is not a whole number.`)
}
