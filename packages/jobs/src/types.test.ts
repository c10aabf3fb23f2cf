import type { Job, QueueOptions } from '@rq/queue'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { DefineJobs, JobDefinitions, JobsClient } from './index.ts'

/** Checked by the type checker, never run. */
function unused(check: () => unknown): void {
  void check
}

declare const defineJobs: DefineJobs<Partial<QueueOptions>>
declare const jobsClient: JobsClient<Partial<QueueOptions>>
declare const dynamic: JobDefinitions
declare const asynchronous: StandardSchemaV1<string, Date>

const define = () =>
  defineJobs(
    {
      sendMail: {
        input: z.object({ to: z.string(), times: z.number().default(1) }),
        queue: 'mail',
        options: { retry: 3, jobTimeout: '5m' },
        run(input, { job, services, signal }) {
          expectTypeOf(input).toEqualTypeOf<{ to: string; times: number }>()
          expectTypeOf(services).toEqualTypeOf<{ db: number }>()
          expectTypeOf(job.id).toBeString()
          expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
          return `${input.to}:${services.db}`
        },
      },
      remind: {
        input: asynchronous,
        run: async (input) => {
          expectTypeOf(input).toEqualTypeOf<Date>()
          return input.getTime()
        },
      },
      resize: { run: ({ width }: { width: number }) => width },
      tidy: { queue: 'default', run() {} },
    },
    { setup: async () => ({ db: 1 }), teardown: (services) => services.db },
  )

describe('the types of defineJobs', () => {
  it('flow from the definitions to the calls', () => {
    unused(async () => {
      const jobs = define()
      expectTypeOf(await jobs.sendMail.enqueue({ to: 'ada' })).toEqualTypeOf<Job<string>>()
      expectTypeOf(await (await jobs.remind.enqueueIn('5m', 'now')).result()).toEqualTypeOf<number>()
      expectTypeOf(await jobs.resize.enqueueAndWait({ width: 1 })).toEqualTypeOf<number>()
      expectTypeOf(await jobs.sendMail.enqueueMany([{ to: 'ada' }])).toEqualTypeOf<Job<string>[]>()
      await jobs.tidy.enqueue()
      await jobs.tidy.enqueue(undefined, { retry: 1 })
      // @ts-expect-error `to` is missing
      await jobs.sendMail.enqueue({ times: 1 })
      // @ts-expect-error the input is missing
      await jobs.sendMail.enqueue()
      // @ts-expect-error there is no such job
      await jobs.sendFax.enqueue({ to: 'ada' })
      // @ts-expect-error there is no such option
      await jobs.sendMail.enqueue({ to: 'ada' }, { retires: 3 })
      // @ts-expect-error the input is the one argument
      await jobs.sendMail.enqueue({ to: 'ada' }, { kwargs: {} })
    })
  })

  it('refuse wrong definitions', () => {
    unused(() => {
      // @ts-expect-error no such key of a definition
      defineJobs({ a: { que: 'mail', run() {} } })
      // @ts-expect-error no such option of a job
      defineJobs({ a: { options: { retry: 3, retires: 3 }, run() {} } })
      // @ts-expect-error the option belongs to one job
      defineJobs({ a: { options: { jobId: 'x' }, run() {} } })
      // @ts-expect-error a schema of another type than the parameter
      defineJobs({ a: { input: z.string(), run: (input: number) => input } })
      // @ts-expect-error no schema
      defineJobs({ a: { input: String, run() {} } })
      // @ts-expect-error run is missing
      defineJobs({ a: { queue: 'mail' } })
      defineJobs(dynamic)
      // @ts-expect-error no such option of defineJobs
      defineJobs({ a: { run() {} } }, { setUp: () => 1 })
    })
  })

  it('flow to a client that has only the types', () => {
    unused(async () => {
      type Jobs = ReturnType<typeof define>
      const settings = { sendMail: { queue: 'mail', options: { retry: 3, jobTimeout: '5m' } } } as const
      const client = jobsClient<Jobs>({ settings })
      expectTypeOf(await client.sendMail.enqueue({ to: 'ada' })).toEqualTypeOf<Job<string>>()
      expectTypeOf(client).toEqualTypeOf<Jobs>()
      // @ts-expect-error there is no such job
      await client.sendFax.enqueue()
      // @ts-expect-error the settings are missing
      jobsClient<Jobs>({})
      // @ts-expect-error another queue
      jobsClient<Jobs>({ settings: { sendMail: { queue: 'post', options: { retry: 3, jobTimeout: '5m' } } } })
      // @ts-expect-error the options of the job are missing
      jobsClient<Jobs>({ settings: { sendMail: { queue: 'mail' } } })
      // @ts-expect-error a job that needs none
      jobsClient<Jobs>({ settings: { ...settings, tidy: { queue: 'default' } } })
      const plain = defineJobs({ tidy: { run() {} } })
      await jobsClient<typeof plain>().tidy.enqueue()
      await jobsClient(define(), { defaultTimeout: 5 }).sendMail.enqueue({ to: 'ada' })
      // @ts-expect-error with the module at hand there are no settings
      jobsClient(define(), { settings })
    })
  })
})
