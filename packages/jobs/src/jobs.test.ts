import { MemoryStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { defineJobs, jobsClient } from './index.ts'
import { jobSetOf } from './run.ts'

const mail = z.object({ to: z.string(), times: z.coerce.number().default(1) })

function define(options: { isAsync?: boolean; setup?: () => unknown; teardown?: (services: unknown) => unknown } = {}) {
  const storage = new MemoryStorage()
  const { setup = () => ({ from: 'us' }), ...rest } = options
  const jobs = defineJobs(
    {
      sendMail: {
        input: mail,
        queue: 'mail',
        options: { retry: 3, description: 'a mail' },
        run: ({ times, to }, { services }) => `${(services as { from: string }).from} to ${to}, ${times + 1}`,
      },
      tidy: { run: (_input: unknown, { job, signal }) => [job.funcName, signal.aborted] },
    },
    { storage, setup, ...rest },
  )
  return { jobs, storage }
}

describe('defineJobs', () => {
  it('enqueues a job under its name, with its input, into its queue, with its options', async () => {
    const { jobs } = define()
    const job = await jobs.sendMail.enqueue({ to: 'ada', times: '2' as never })
    expect([job.funcName, job.args, job.origin, job.description, job.retriesLeft]).toEqual([
      ...['sendMail', [{ to: 'ada', times: '2' }], 'mail', 'a mail', 3],
    ])
    const own = await jobs.sendMail.enqueue({ to: 'ada' }, { retry: 1, jobId: 'own' })
    expect([own.id, own.retriesLeft, own.description]).toEqual(['own', 1, 'a mail'])
    const tidy = await jobs.tidy.enqueue()
    expect([tidy.args, tidy.origin, jobs.tidy.ref]).toEqual([[], 'default', 'tidy'])
    expect(await (await jobs.tidy.enqueueIn('1h')).getStatus()).toBe('scheduled')
    expect(await (await jobs.tidy.enqueueAt(new Date(Date.now() + 3_600_000))).getStatus()).toBe('scheduled')
  })

  it('refuses an input that does not fit, and writes nothing', async () => {
    const { jobs, storage } = define()
    const wrong = { to: 7 } as never
    const calls = [
      () => jobs.sendMail.enqueue(wrong),
      () => jobs.sendMail.enqueueIn(5, wrong),
      () => jobs.sendMail.enqueueAt(new Date(), wrong),
      () => jobs.sendMail.enqueueAndWait(wrong),
      () => jobs.sendMail.prepareData(wrong),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: 'RQ_INPUT_INVALID',
        message: expect.stringContaining(' to: '),
      })
    }
    const list = jobs.sendMail.enqueueMany([{ to: 'ada' }, wrong])
    await expect(list).rejects.toMatchObject({ details: { issues: [{ path: '1.to' }] } })
    await expect(jobs.sendMail.enqueue({ to: 'ada' }, { kwargs: {} } as never)).rejects.toThrow(/Invalid kwargs/)
    await expect(jobs.sendMail.enqueueMany('ada' as never)).rejects.toThrow(/Invalid inputs/)
    expect(await storage.queues.queueNames()).toEqual([])
  })

  it('refuses an input whose schema throws, or says so later', async () => {
    const storage = new MemoryStorage()
    const schema = (validate: () => never) => ({ '~standard': { version: 1, vendor: 'test', validate } }) as const
    const throws = () => {
      throw new TypeError('the input was secret')
    }
    const jobs = defineJobs(
      {
        throws: { input: schema(throws), run() {} },
        rejects: { input: schema((async () => throws()) as never), run() {} },
        later: { input: z.string().refine(async (text) => text === 'yes', 'no'), run() {} },
      },
      { storage },
    )
    for (const name of ['throws', 'rejects'] as const) {
      const message = `The input of "${name}" could not be checked: its schema threw TypeError. Nothing was written.`
      await expect(jobs[name].enqueue(1 as never)).rejects.toMatchObject({ code: 'RQ_INPUT_INVALID', message })
    }
    await expect(jobs.later.enqueue('maybe')).rejects.toThrow(/"later" does not fit its schema: no/)
    expect((await jobs.later.enqueue('yes')).args).toEqual(['yes'])
  })

  it('enqueues lists, of one kind and of several', async () => {
    const { jobs, storage } = define()
    const [first, second] = await jobs.sendMail.enqueueMany([{ to: 'a' }, { to: 'b' }])
    expect([first?.args, second?.args, second?.retriesLeft]).toEqual([[{ to: 'a' }], [{ to: 'b' }], 3])
    const data = await jobs.sendMail.prepareData({ to: 'c' }, { jobId: 'c' })
    expect([data.id, data.options.retry?.max]).toEqual(['c', 3])
    expect(await storage.queues.queueNames()).toEqual(['mail'])
  })

  it('runs jobs in this process with isAsync: false, and tears down in close()', async () => {
    const setup = vi.fn(() => ({ from: 'here' }))
    const teardown = vi.fn()
    const { jobs } = define({ isAsync: false, setup, teardown })
    expect(setup).not.toHaveBeenCalled()
    expect(await (await jobs.sendMail.enqueue({ to: 'ada', times: '2' as never })).result()).toBe('here to ada, 3')
    expect(await (await jobs.tidy.enqueue()).result()).toEqual(['tidy', false])
    await jobs.close()
    expect(setup).toHaveBeenCalledTimes(1)
    expect(teardown).toHaveBeenCalledExactlyOnceWith({ from: 'here' })
  })

  it('calls a setup that has failed in this process again', async () => {
    let isDown = true
    const setup = () => {
      if (isDown) throw new Error('no database')
      return { from: 'us' }
    }
    const { jobs } = define({ isAsync: false, setup })
    await expect((await jobs.tidy.enqueue()).result()).rejects.toThrow(
      /The setup of the jobs failed: Error: no database/,
    )
    isDown = false
    expect(await (await jobs.tidy.enqueue()).result()).toEqual(['tidy', false])
  })

  const run = () => {}
  it.each([
    [{ 'send mail': { run } }, 'name of a job'],
    [{ close: { run } }, 'reserved'],
    [{ ['then' as string]: { run } }, 'reserved'],
    [{ a: { run, que: 'x' } }, 'option name of jobs.a'],
    [{ a: {} }, 'jobs.a.run'],
    [{ a: null }, 'Invalid jobs.a'],
    [{ a: { *run() {} } }, 'no generator'],
    [{ a: { run, queue: '' } }, 'jobs.a.queue'],
    [{ a: { run, input: String } }, 'jobs.a.input'],
    [{ a: { run, input: { '~standard': {} } } }, 'jobs.a.input'],
    [{ a: { run, options: { retires: 3 } } }, 'option name of jobs.a.options'],
    [{ a: { run, options: { jobId: 'x' } } }, 'jobs.a.options.jobId'],
    [[], 'Invalid jobs'],
  ])('refuses %j', (definitions, message) => {
    expect(() => defineJobs(definitions as never, { storage: new MemoryStorage() })).toThrow(message)
  })

  it('refuses wrong options', () => {
    const storage = new MemoryStorage()
    for (const [options, message] of [
      [{ setUp: run }, "expected 'setup'"],
      [{ setup: 1 }, 'Invalid setup'],
      [{ teardown: 'x' }, 'Invalid teardown'],
      [{ functions: {} }, 'option name of defineJobs()'],
    ] as const) {
      expect(() => defineJobs({ a: { run } }, { storage, ...options } as never)).toThrow(message)
    }
  })
})

describe('a set of jobs', () => {
  it('does not wait for a setup that hangs', async () => {
    const { jobs } = define({ setup: () => new Promise(() => {}) })
    const error = 'The setup of the jobs has not ended within 0.02 seconds. Do there only what every job needs.'
    await expect(jobSetOf(jobs)?.open(20)).rejects.toMatchObject({ code: 'RQ_HORSE_TERMINATED', message: error })
  })

  it('is that of defineJobs only', () => {
    expect(jobSetOf(define().jobs)).toMatchObject({ definitions: { tidy: {} } })
    expect([{}, null, undefined, 'jobs', () => {}].map(jobSetOf)).toEqual(Array(5).fill(undefined))
  })
})

describe('jobsClient', () => {
  it('with types only, enqueues any name with the settings that it is given', async () => {
    const storage = new MemoryStorage()
    type Jobs = ReturnType<typeof define>['jobs']
    const settings = { sendMail: { queue: 'mail', options: { retry: 3, description: 'a mail' } } } as const
    const client = jobsClient<Jobs>({ storage, settings })
    const job = await client.sendMail.enqueue({ to: 'ada' })
    expect([job.funcName, job.args, job.origin, job.retriesLeft]).toEqual(['sendMail', [{ to: 'ada' }], 'mail', 3])
    expect((await client.tidy.enqueue()).origin).toBe('default')
    // It may be awaited, and looked at.
    expect(await client).toBe(client)
    expect(Reflect.get(client, 'not a name')).toBe(undefined)
    expect(client.sendMail).toBe(client.sendMail)
    await client.close()
  })

  it('with the module, checks inputs, and can run the jobs here', async () => {
    const { jobs } = define()
    const client = jobsClient(jobs, { storage: new MemoryStorage(), isAsync: false })
    await expect(client.sendMail.enqueue({ to: 7 } as never)).rejects.toMatchObject({ code: 'RQ_INPUT_INVALID' })
    expect(await (await client.sendMail.enqueue({ to: 'ada' })).result()).toBe('us to ada, 2')
    await client.close()
  })

  it.each([
    [{ settings: [] }, 'Invalid settings'],
    [{ settings: { 'a b': {} } }, 'Invalid settings'],
    [{ settings: { a: { que: 'x' } } }, 'option name of settings.a'],
    [{ settings: { a: { queue: '' } } }, 'settings.a.queue'],
    [{ settings: { a: { options: { retires: 1 } } } }, 'option name of settings.a.options'],
    [{ isAsync: false }, 'option name of jobsClient()'],
    [{ setting: {} }, "expected 'settings'"],
  ])('refuses %j', (options, message) => {
    expect(() => jobsClient({ storage: new MemoryStorage(), ...options } as never)).toThrow(message)
  })
})
