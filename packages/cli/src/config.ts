import { RqError, show } from '@rq/core'
import { suggestion } from './suggestion.ts'

/** Redis Sentinel, as RQ's `SENTINEL` setting. */
export interface SentinelConfig {
  instances: readonly (readonly [host: string, port: number])[]
  masterName: string
  db?: number
  username?: string
  password?: string
  /** Of the sentinels themselves. */
  sentinelUsername?: string
  sentinelPassword?: string
  ssl?: boolean
  /** Seconds to wait for a connection. */
  socketTimeout?: number
}

/** What `rq.config.{js,mjs,ts}` may export, by default or by name: RQ's settings in camelCase. */
export interface RqConfig {
  /** Goes before `sentinel`, which goes before host and port. */
  redisUrl?: string
  redisHost?: string
  redisPort?: number
  redisDb?: number
  redisUsername?: string
  redisPassword?: string
  redisSsl?: boolean
  sentinel?: SentinelConfig
  /** What every key begins with. Default `'rq:'`. */
  prefix?: string
  /** Queues of `worker` and `worker-pool` when none are named. */
  queues?: readonly string[]
  /** Name of the worker. */
  name?: string
  /** `'json'`, `'superjson'`, or `'module#export'`. */
  serializer?: string
  /** Folders to import job functions from, relative to the configuration file. */
  path?: string | readonly string[]
  /** Modules that every work horse loads first. */
  import?: string | readonly string[]
  /** Packages that job functions may come from. */
  allow?: string | readonly string[]
  concurrency?: number
  horse?: 'process' | 'thread' | 'inline'
}

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isNumber: Check = (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0
const isFlag: Check = (value) => typeof value === 'boolean'
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText)
const isTextOrTexts: Check = (value) => isText(value) || isTexts(value)
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isInstances: Check = (value) =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.every((one) => Array.isArray(one) && one.length === 2 && isText(one[0]) && isNumber(one[1]))

type Rules = Readonly<Record<string, readonly [Check, string]>>

const TEXT = [isText, 'a text'] as const
const NUMBER = [isNumber, 'a whole number'] as const
const FLAG = [isFlag, 'true or false'] as const
const TEXTS = [isTextOrTexts, 'a text or an array of texts'] as const

const RULES: Readonly<Record<keyof RqConfig, readonly [Check, string]>> = {
  redisUrl: TEXT,
  redisHost: TEXT,
  redisPort: NUMBER,
  redisDb: NUMBER,
  redisUsername: TEXT,
  redisPassword: TEXT,
  redisSsl: FLAG,
  sentinel: [isRecord, 'an object'],
  prefix: TEXT,
  queues: [isTexts, 'an array of texts'],
  name: TEXT,
  serializer: TEXT,
  path: TEXTS,
  import: TEXTS,
  allow: TEXTS,
  concurrency: NUMBER,
  horse: [
    (value) => value === 'process' || value === 'thread' || value === 'inline',
    "'process', 'thread' or 'inline'",
  ],
}

const SENTINEL_RULES: Readonly<Record<keyof SentinelConfig, readonly [Check, string]>> = {
  instances: [isInstances, 'an array of [host, port], not empty'],
  masterName: TEXT,
  db: NUMBER,
  username: TEXT,
  password: TEXT,
  sentinelUsername: TEXT,
  sentinelPassword: TEXT,
  ssl: FLAG,
  socketTimeout: [(value) => typeof value === 'number' && value > 0, 'a number of seconds'],
}

/**
 * The settings in a configuration file's exports. Exports with other names are left alone, unless a setting was likely
 * meant: a misspelt `redisUrl` must not lead to another Redis.
 * @throws RqError `RQ_CONFIG` naming the file and the setting. Values are not shown: they may be secrets.
 */
export function checkConfig(values: unknown, file: string): RqConfig {
  if (!isRecord(values)) throw wrong(file, `it exports ${show(values)}, expected an object of settings`)
  const config = checked(values, RULES, file, '') as RqConfig
  if (config.sentinel !== undefined) {
    const sentinel = config.sentinel as unknown as Record<string, unknown>
    for (const name of ['instances', 'masterName']) {
      if (sentinel[name] === undefined) throw wrong(file, `sentinel.${name} is missing`)
    }
    config.sentinel = checked(sentinel, SENTINEL_RULES, file, 'sentinel.') as unknown as SentinelConfig
  }
  return config
}

function checked(values: Readonly<Record<string, unknown>>, rules: Rules, file: string, path: string) {
  const config: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(rules, name)) {
      const meant = suggestion(name, Object.keys(rules))
      if (meant !== '') throw wrong(file, `there is no setting ${path}${name}.${meant}`)
      continue
    }
    const [isRight, expected] = rules[name] as readonly [Check, string]
    if (value === undefined) continue
    if (!isRight(value)) throw wrong(file, `${path}${name} is wrong: expected ${expected}`)
    config[name] = value
  }
  return config
}

function wrong(file: string, why: string): RqError {
  return new RqError('RQ_CONFIG', `In the configuration ${file}, ${why.replace(/\.?$/, /\?$/.test(why) ? '' : '.')}`, {
    details: { file },
  })
}
