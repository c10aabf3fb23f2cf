import type { QueuePlan, WorkerQueueOptions } from 'rq'
import { DEFAULT_QUEUE_NAME } from 'rq/options'
import { UsageError } from './exit-code.ts'
import { visible } from './output/terminal-text.ts'
import type { Settings } from './settings.ts'

/** The positional argument of commands that serve queues. */
export const SERVED_QUEUES = {
  type: 'string',
  array: true,
  describe: 'Queue names',
  defaultDescription: `those of the configuration file, else ${DEFAULT_QUEUE_NAME}`,
} as const

/** The positional argument of commands that run workers. */
export const WORKED_QUEUES = { ...SERVED_QUEUES, describe: 'Queue names, or name=concurrency' } as const

/** The queues to serve: those that were named, else those of the configuration file, else the default queue. */
export function servedQueues(named: readonly string[] | undefined, { config }: Settings): readonly string[] {
  const queues = named !== undefined && named.length > 0 ? named : (config.queues ?? [])
  const names = Array.isArray(queues) ? queues : Object.keys(queues)
  return names.length > 0 ? names : [DEFAULT_QUEUE_NAME]
}

/**
 * The queues of a worker, as {@link servedQueues}: a list, whose queues share the worker; or a plan, if any was named
 * with a concurrency (`mail=5`), or the configuration file has one.
 * @throws UsageError.
 */
export function workedQueues(named: readonly string[] | undefined, settings: Settings): readonly string[] | QueuePlan {
  const { queues } = settings.config
  if (named === undefined || named.length === 0) {
    return queues === undefined || Array.isArray(queues) ? servedQueues(named, settings) : (queues as QueuePlan)
  }
  return named.some((one) => one.includes('=')) ? planOf(named) : named
}

/** No queue has an equals sign in its name. */
function planOf(named: readonly string[]): QueuePlan {
  const plan = new Map<string, number | WorkerQueueOptions>()
  for (const one of named) {
    const [name = '', concurrency, ...more] = one.split('=')
    if (plan.has(name)) throw new UsageError(`The queue ${visible(name)} is named twice.`)
    if (more.length > 0 || (concurrency !== undefined && !/^\d+$/.test(concurrency))) {
      throw new UsageError(
        `Invalid queue ${visible(one)}: expected a name, or a name and its concurrency such as mail=5.`,
      )
    }
    plan.set(name, concurrency === undefined ? {} : Number(concurrency))
  }
  return Object.fromEntries(plan)
}
