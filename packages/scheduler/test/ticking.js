// @ts-check

/** The names of cron jobs that have a tick each second. */
export const TICKING = /** @type {const} */ (['each', 'every'])

/**
 * Have a job enqueued each second, by cron text and by interval; no tick may be left out.
 * @template {import('@rq/scheduler').CronScheduler} T
 * @param {T} scheduler
 * @returns {T}
 */
export function registerTicks(scheduler) {
  const [each, every] = TICKING
  scheduler.register('jobs#work', { queueName: 'default', catchUp: 'all', cron: '* * * * * *', name: each })
  scheduler.register('jobs#work', { queueName: 'default', catchUp: 'all', interval: 1, name: every })
  return scheduler
}
