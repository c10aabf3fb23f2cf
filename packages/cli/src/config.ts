import {
  booleanOption,
  countOption,
  invalidOption,
  type OptionRule,
  RqError,
  show,
  stringOption,
  stringsOption,
  suggestion,
  valueOption,
} from '@rq/core'
import type {
  HorseEnv,
  HorseKind,
  LimitOptions,
  QueuePlan,
  RequireSignatureOptions,
  SignOptions,
  WorkerOptions,
} from 'rq'
import { WORKER_OPTIONS } from 'rq/options'
import { isRecord } from './record.ts'

/** Redis Sentinel, as RQ's `SENTINEL` setting. */
export interface SentinelConfig {
  instances: readonly (readonly [host: string, port: number])[]
  masterName: string
  db?: number
  username?: string
  password?: string
  /** User name for the sentinels themselves. */
  sentinelUsername?: string
  sentinelPassword?: string
  ssl?: boolean
  /** Connect timeout in seconds. */
  socketTimeout?: number
}

/** The exports of `rq.config.{js,mjs,ts}`, by default or by name: RQ's settings in camelCase. */
export interface RqConfig {
  /** Overrides `sentinel`, which overrides host and port. */
  redisUrl?: string
  redisHost?: string
  redisPort?: number
  redisDb?: number
  redisUsername?: string
  redisPassword?: string
  redisSsl?: boolean
  sentinel?: SentinelConfig
  /** Key prefix in Redis. Default `'rq:'`. */
  prefix?: string
  /**
   * Queues of `worker`, `worker-pool` and `scheduler` when the command names none: in order of service, or an object of
   * queues, each with its concurrency or options.
   */
  queues?: readonly string[] | QueuePlan
  /** Name of the worker. */
  name?: string
  /** `'json'`, `'superjson'`, or `'module#export'`. */
  serializer?: string
  /** `'module#export'`. Default: none. */
  codec?: string
  /** The module whose default export is that of `defineJobs`: the option of `Worker`. */
  jobs?: string
  /** Folders to import job functions from, relative to the configuration file. */
  path?: string | readonly string[]
  /** Modules that every work horse loads first. Default: none. */
  import?: string | readonly string[]
  /** Packages that job functions may be imported from. */
  allow?: string | readonly string[]
  /** Modules that jobs may run from the top, and folders of them, below `path`: `'scripts'`. Default false: none. */
  scripts?: false | string | readonly string[]
  /** Sign the jobs of `enqueue` and `cron`: the option of `Queue`, or the path of a JSON file with it. */
  sign?: SignOptions | string
  /** Run signed jobs only: the option of `Worker`, or the path of a JSON file with it. */
  requireSignature?: RequireSignatureOptions | string
  /** Number of jobs to run at once. Default 1. */
  concurrency?: number
  /** Where jobs run. Default `'process'`. */
  horse?: HorseKind
  /** The environment of work horses: `'inherit'` (default), `'clean'`, or exactly these variables. */
  horseEnv?: HorseEnv
  /** Replace a work horse after this many jobs. Default 0: never. */
  horseMaxJobs?: number
  /** Replace a work horse that uses more memory than this after a job: bytes, or `'512mb'`. Default 0: never. */
  horseMaxBytes?: number | string
  /** What becomes of a job whose function this build does not have: `'fail'` (default), or `{ returnFor: '10m' }`. */
  onUnknownFunction?: NonNullable<WorkerOptions['onUnknownFunction']>
  /** Which hosts webhooks may call, and how calls are signed; false: none is called. */
  webhooks?: NonNullable<WorkerOptions['webhooks']>
  /** How large what is stored of a job may be. Default: 16 MB each for arguments, a return value and meta. */
  limits?: LimitOptions
}

type Rules = Readonly<Record<string, OptionRule>>

const RULES: Readonly<Record<keyof RqConfig, OptionRule>> = {
  redisUrl: stringOption(),
  redisHost: stringOption(),
  redisPort: countOption({ least: 0 }),
  redisDb: countOption({ least: 0 }),
  redisUsername: stringOption(),
  redisPassword: stringOption(),
  redisSsl: booleanOption(),
  sentinel: ruleFor(isRecord, 'an object'),
  prefix: stringOption(),
  queues: ruleFor(isQueues, 'an array of strings, or an object of queues'),
  name: WORKER_OPTIONS.name,
  serializer: WORKER_OPTIONS.serializer,
  codec: WORKER_OPTIONS.codec,
  jobs: WORKER_OPTIONS.jobs,
  path: oneOrSeveral(WORKER_OPTIONS.importPaths),
  import: oneOrSeveral(WORKER_OPTIONS.imports),
  allow: oneOrSeveral(WORKER_OPTIONS.allow),
  scripts: oneOrSeveral(WORKER_OPTIONS.scripts),
  sign: ruleFor(isRecordOrPath, 'an object with keys and active, or the path of a JSON file'),
  requireSignature: ruleFor(isRecordOrPath, 'an object with keys, or the path of a JSON file'),
  concurrency: WORKER_OPTIONS.concurrency,
  horse: WORKER_OPTIONS.horse,
  horseEnv: WORKER_OPTIONS.horseEnv,
  horseMaxJobs: WORKER_OPTIONS.horseMaxJobs,
  horseMaxBytes: WORKER_OPTIONS.horseMaxBytes,
  onUnknownFunction: WORKER_OPTIONS.onUnknownFunction,
  webhooks: WORKER_OPTIONS.webhooks,
  limits: WORKER_OPTIONS.limits,
}

const SENTINEL_RULES: Readonly<Record<keyof SentinelConfig, OptionRule>> = {
  instances: ruleFor(isInstances, 'an array of [host, port], not empty'),
  masterName: stringOption(),
  db: countOption({ least: 0 }),
  username: stringOption(),
  password: stringOption(),
  sentinelUsername: stringOption(),
  sentinelPassword: stringOption(),
  ssl: booleanOption(),
  socketTimeout: ruleFor((value) => typeof value === 'number' && value > 0, 'a number of seconds'),
}

function ruleFor(isRight: (value: unknown) => boolean, expected: string): OptionRule {
  return {
    expected,
    ...valueOption((value, option) => {
      if (isRight(value)) return value
      throw invalidOption(option, value, expected)
    }),
  }
}

/** A list, or its only entry. */
function oneOrSeveral(rule: OptionRule<false | readonly string[]>): OptionRule {
  return ruleFor((value) => typeof value === 'string' || isAccepted(rule, value), `a string or ${rule.expected}`)
}

function isAccepted(rule: OptionRule, value: unknown): boolean {
  try {
    rule.check(value, '')
    return true
  } catch {
    return false
  }
}

function isQueues(value: unknown): boolean {
  return isAccepted(stringsOption(), value) || isRecord(value)
}

function isRecordOrPath(value: unknown): boolean {
  return typeof value === 'string' || isRecord(value)
}

function isInstances(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && isPort(one[1]))
  )
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0
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
    const rule = rules[name]
    if (value === undefined || rule === undefined) continue
    if (!isAccepted(rule, value)) throw wrong(file, `${path}${name} is wrong: expected ${rule.expected}`)
    config[name] = value
  }
  return config
}

function wrong(file: string, why: string): RqError {
  return new RqError('RQ_CONFIG', `In the configuration ${file}, ${why.replace(/\.?$/, /\?$/.test(why) ? '' : '.')}`, {
    details: { file },
  })
}
