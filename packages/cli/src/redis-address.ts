import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { RqError } from '@rq/core'
import { DEFAULT_URL, URL_VARIABLES } from 'rq/options'
import type { RqConfig, SentinelConfig } from './config.ts'
import { defined } from './defined.ts'
import { UsageError } from './exit-code.ts'
import type { Host } from './host.ts'

/** Where Redis is: a URL, or the options of the client. */
export type RedisAddress = string | Readonly<Record<string, unknown>>

/** The environment variable that names a file with the URL, as Docker and Kubernetes mount secrets. */
export const FILE_VARIABLE = 'RQ_REDIS_URL_FILE'

interface AddressFlags {
  readonly url: string | undefined
  readonly urlFile?: string | undefined
}

/**
 * The address from flags, else from the environment, else from the configuration, else the default.
 * @throws UsageError; RqError `RQ_CONFIG` for a file that cannot be read or holds no URL.
 */
export async function redisAddress(
  { url, urlFile }: AddressFlags,
  host: Host,
  config: RqConfig,
): Promise<RedisAddress> {
  if (url !== undefined && urlFile !== undefined) {
    throw new UsageError('--url and --url-file cannot be used together.')
  }
  if (urlFile !== undefined) return urlIn(resolve(host.folder, urlFile), '--url-file')
  return url ?? (await addressIn(host)) ?? addressOf(config) ?? DEFAULT_URL
}

/** The URL in a file, whose content no message shows. */
async function urlIn(path: string, source: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new RqError('RQ_CONFIG', `The file of ${source} cannot be read: ${cause.message}`, { cause })
  })
  const url = text.trim()
  if (url !== '' && !/\s/.test(url)) return url
  const found = url === '' ? 'is empty' : 'holds more than a URL'
  throw new RqError('RQ_CONFIG', `The file ${path} of ${source} ${found}. Expected one line: redis://host:port/0.`)
}

async function addressIn({ env, folder }: Host): Promise<RedisAddress | undefined> {
  const file = env[FILE_VARIABLE]
  if (file && env.RQ_REDIS_URL) {
    throw new RqError('RQ_CONFIG', `RQ_REDIS_URL and ${FILE_VARIABLE} are both set. Remove one of them.`)
  }
  if (file) return urlIn(resolve(folder, file), FILE_VARIABLE)
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
