import { invalidOption } from '@rq/core'
import type { AnyFunction, CronStore } from '@rq/job'
import { type JobContext, Queue } from '@rq/queue'
import { CronConfig } from '../cron-config.ts'
import type { PendingCron } from '../cron-registry.ts'
import type { MakingOptions } from './schedule-definition.ts'
import type { SyncedSchedule } from './schedule-sync.ts'

/**
 * The cron jobs that a config module registers, as schedules.
 * @throws RqError `RQ_CONFIG` when the module is missing or fails; `RQ_INVALID_REFERENCE`; `RQ_INVALID_OPTION` when a
 *   cron scheduler that lives has one of them, which would enqueue its jobs as well.
 */
export async function schedulesOfConfig(
  path: string,
  context: JobContext,
  making: MakingOptions,
): Promise<SyncedSchedule[]> {
  const pending = await new CronConfig(path).load()
  const schedules = await Promise.all(pending.map((one) => scheduleOf(one, context, making)))
  await refuseDoubled(schedules, context.storage.crons)
  return schedules
}

async function scheduleOf(
  [func, options]: PendingCron,
  { serializer, storage }: JobContext,
  making: MakingOptions,
): Promise<SyncedSchedule> {
  const { args = [], catchUp, cron, interval, name, overlap, queueName: queue, timezone, ...jobOptions } = options
  const times = { cron, every: interval, timezone, catchUp, overlap }
  return {
    ...jobOptions,
    // As for a cron job without a name: the reference of its function.
    name: name ?? (await new Queue(queue, { ...making, serializer, storage }).createJob<AnyFunction>(func)).funcName,
    times: Object.fromEntries(Object.entries(times).filter(([, value]) => value !== undefined)),
    ...{ func, args, queue },
  }
}

async function refuseDoubled(schedules: readonly SyncedSchedule[], crons: CronStore): Promise<void> {
  const names = new Set(schedules.map(({ name }) => name))
  for (const scheduler of await crons.schedulers()) {
    const doubled = scheduler.jobs.find((job) => names.has(job.name))
    if (doubled === undefined) continue
    const expected = `one that no cron scheduler enqueues as well: stop the cron scheduler ${scheduler.name} first`
    throw invalidOption('name', doubled.name, expected)
  }
}
