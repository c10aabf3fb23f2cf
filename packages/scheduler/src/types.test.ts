import { describe, expectTypeOf, it } from 'vitest'
import { type CronJob, type CronScheduler, cron } from './index.ts'

const plain = (): string => 'x'
const two = (name: string, count = 1): number => count + name.length
const keyed = (to: string, options: { subject: string }): string => to + options.subject

describe('cron.register and cronScheduler.register', () => {
  it('take the arguments of the function, and nothing else', () => {
    // Never called: these are for the type checker.
    const typed = (scheduler: CronScheduler) => {
      const rule = { queueName: 'q', interval: '5m' } as const
      expectTypeOf(scheduler.register(plain, rule)).toEqualTypeOf<CronJob<string>>()
      expectTypeOf(scheduler.register(two, { ...rule, args: ['a'] })).toEqualTypeOf<CronJob<number>>()
      expectTypeOf(scheduler.register(two, { ...rule, args: ['a', 2], meta: {} })).toEqualTypeOf<CronJob<number>>()
      expectTypeOf(scheduler.register(keyed, { ...rule, args: ['a'], kwargs: { subject: 's' } })).toEqualTypeOf<
        CronJob<string>
      >()
      expectTypeOf(scheduler.register('jobs.anything', { ...rule, args: [1, 'x'] })).toEqualTypeOf<CronJob<unknown>>()
      cron.register(two, { queueName: 'q', cron: '0 9 * * *', timezone: 'Asia/Tokyo', args: ['a'], catchUp: 'all' })

      // @ts-expect-error: an argument is missing
      scheduler.register(two, rule)
      // @ts-expect-error: an argument of another type
      scheduler.register(two, { ...rule, args: [5] })
      // @ts-expect-error: no queue
      scheduler.register(plain, { interval: 5 })
      // @ts-expect-error: the id is made of name and tick
      scheduler.register(plain, { ...rule, jobId: 'x' })
      // @ts-expect-error: not one of the policies
      scheduler.register(plain, { ...rule, catchUp: 'some' })
      // @ts-expect-error: an option that there is not
      cron.register(plain, { ...rule, retries: 5 })
    }
    expectTypeOf(typed).toBeFunction()
  })
})
