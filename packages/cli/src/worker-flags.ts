import type { LimitOptions, WorkerOptions, WorkOptions } from 'rq'
import { LIMIT_OPTIONS, POOL_OPTIONS, UNKNOWN_FUNCTION_OPTIONS, WORK_OPTIONS, WORKER_OPTIONS } from 'rq/options'
import { namingOption } from './arguments/option-value.ts'
import type { CommandContext } from './command.ts'
import { defined } from './defined.ts'
import { UsageError } from './exit-code.ts'
import { flag, flagNames, flagsOf, optionsFrom } from './flags.ts'
import { loggerOf, SERVICE_FLAGS, type ServiceFlags } from './service-flags.ts'
import { listOf, moduleFrom, modulesFrom } from './settings.ts'
import { requireSignatureOption } from './signing.ts'
import { TYPED_WEBHOOKS, WEBHOOK_FLAGS, webhooksOf } from './webhook-settings.ts'

/** `--path`, `--serializer` and `--codec` are flags of all commands. */
const { importPaths: _path, serializer: _serializer, codec: _codec, name, ...OWN_OPTIONS } = WORKER_OPTIONS
const { burst, dequeueStrategy } = WORK_OPTIONS

/** A worker and a pool have a scheduler; RQ's flag asks for it. */
const SCHEDULER_FLAGS = {
  scheduler: flag({
    describe: 'Move scheduled jobs into these queues when they are due (default); --no-scheduler leaves it to others',
  }),
  'with-scheduler': flag({ alias: 's', describe: 'The same, as RQ calls it' }),
} as const

const UNKNOWN_FUNCTION_FLAGS = flagsOf(UNKNOWN_FUNCTION_OPTIONS)

export const WORKER_FLAGS = {
  ...flagsOf({ name, ...WORK_OPTIONS, ...OWN_OPTIONS }),
  ...SCHEDULER_FLAGS,
  ...UNKNOWN_FUNCTION_FLAGS,
  ...WEBHOOK_FLAGS,
  ...SERVICE_FLAGS,
}

/** The flags of a pool of workers, all but `--name`, which is that of the pool. */
export const POOL_FLAGS = {
  ...flagsOf({ ...POOL_OPTIONS, burst, dequeueStrategy, ...OWN_OPTIONS }),
  ...SCHEDULER_FLAGS,
  ...UNKNOWN_FUNCTION_FLAGS,
  ...WEBHOOK_FLAGS,
  ...SERVICE_FLAGS,
}

/** The flags of workers and pools by the names that rq has for them. */
export const TYPED_FLAGS: Readonly<Record<string, string>> = {
  queues: 'queues',
  ...flagNames({ ...WORKER_OPTIONS, ...WORK_OPTIONS, ...POOL_OPTIONS }),
  'onUnknownFunction.returnFor': flagNames(UNKNOWN_FUNCTION_OPTIONS).returnFor ?? '',
  ...TYPED_WEBHOOKS,
}

/** What was typed, by the names that rq has for it. */
const TYPED_LIMITS: Readonly<Record<string, string>> = {
  'option name of limits': '--size-limit',
  ...Object.fromEntries(Object.keys(LIMIT_OPTIONS).map((limit) => [`limits.${limit}`, `--size-limit ${limit}`])),
}

interface Flags extends ServiceFlags, Readonly<Record<string, unknown>> {
  readonly import?: readonly string[]
  readonly jobs?: string
  readonly sizeLimit?: readonly string[]
}

/**
 * The options of a worker, by flags and configuration file. Flags override the file.
 * @throws UsageError; RqError `RQ_CONFIG` for a file of keys that cannot be read.
 */
export async function workerOptions(flags: Flags, context: CommandContext, isPool = false) {
  const { base, codec, config, importPaths, imports, serializer } = context.settings
  const jobs = (await moduleFrom(flags.jobs, context.host.folder)) ?? (await moduleFrom(config.jobs, base))
  const { concurrency, horse, horseEnv, horseMaxBytes, horseMaxJobs, onUnknownFunction } = config
  return {
    ...defined({ name: config.name, concurrency, horse, horseEnv, horseMaxBytes, horseMaxJobs, serializer, codec }),
    ...defined({ onUnknownFunction: unknownFunctionOf(flags) ?? onUnknownFunction }),
    allow: listOf(config.allow),
    scripts: listOf(config.scripts || undefined),
    ...(await requireSignatureOption(context.settings)),
    ...(optionsFrom({ name, ...OWN_OPTIONS }, flags) as Omit<WorkerOptions, 'serializer' | 'codec'>),
    ...webhooksOf(flags, context),
    ...defined({ jobs }),
    limits: { ...config.limits, ...sizeLimits(flags.sizeLimit ?? []) },
    importPaths,
    imports: flags.import === undefined ? imports : await modulesFrom(flags.import, context.host.folder),
    logger: loggerOf(flags, context, isPool),
  }
}

/** The option `onUnknownFunction` as it was typed. @throws UsageError. */
function unknownFunctionOf(flags: Flags): WorkerOptions['onUnknownFunction'] {
  const { returnFor } = optionsFrom(UNKNOWN_FUNCTION_OPTIONS, flags) as { returnFor?: string }
  return returnFor === undefined ? undefined : { returnFor }
}

/** @throws UsageError. */
function sizeLimits(typed: readonly string[]): LimitOptions {
  const limits = Object.fromEntries(typed.map((text) => [text.replace(/=.*/s, ''), text.replace(/^[^=]*=?/, '')]))
  namingOption(TYPED_LIMITS, () => WORKER_OPTIONS.limits.check(limits, ''))
  return limits
}

/** The options of the work of a worker, by flags. */
export function workOptions(flags: Readonly<Record<string, unknown>>): WorkOptions {
  const { scheduler, withScheduler } = flags
  if (scheduler === false && withScheduler === true) {
    throw new UsageError('--no-scheduler and --with-scheduler cannot be used together.')
  }
  return { ...optionsFrom(WORK_OPTIONS, flags), withScheduler: scheduler !== false && withScheduler !== false }
}
