import type { CronScheduler } from '../src/index.ts'

/** The names of cron jobs that have a tick each second. */
export const TICKING = ['each', 'every'] as const

/** Have a job enqueued each second, by cron text and by interval; no tick may be left out. */
export function registerTicks(scheduler: CronScheduler): CronScheduler {
  const [each, every] = TICKING
  const common = { queueName: 'default', catchUp: 'all' } as const
  scheduler.register('jobs#work', { ...common, cron: '* * * * * *', name: each })
  scheduler.register('jobs#work', { ...common, interval: 1, name: every })
  return scheduler
}
