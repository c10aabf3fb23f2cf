import { eventually } from '@rq/testkit'
import { defineJobs, Job, jobsClient, SimpleWorker, Worker } from 'rq'
import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

const toNumber = (value: unknown) =>
  Number(value) > 0 ? { value: Number(value) } : { issues: [{ message: 'expected a number above 0' }] }

const jobs = defineJobs(
  {
    halve: {
      input: { '~standard': { version: 1, vendor: 'test', validate: toNumber } },
      run: (input, { services }) => `${services.sign}${Number(input) / 2}`,
    },
    greet: { run: ({ name }: { name: string }) => `Hello, ${name}!` },
  },
  { setup: () => ({ sign: '+' }) },
)

describe.skipIf(python === undefined)(withPython('jobs by name'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  test('Python enqueues them: one argument, or keyword arguments, are the input', async () => {
    const ids = await site.py<string[]>(`
q = queue('named')
[q.enqueue('halve', 9).id, q.enqueue('greet', {'name': 'Ada'}).id, q.enqueue('greet', name='Grace').id,
 q.enqueue('halve', -1, retry=Retry(max=3)).id, q.enqueue('halve', 1, 2).id]`)
    const worker = new SimpleWorker('named', { connection: site.redis.url, serializer: 'json', jobs })
    await worker.work({ burst: true, withScheduler: false })
    const described = await Promise.all(
      ids.map((id) => site.py<Record<string, unknown>>('describe(fetch(id))', { id })),
    )
    expect(described.map(({ status }) => status)).toEqual(['finished', 'finished', 'finished', 'failed', 'failed'])
    expect(described.slice(0, 3).map((job) => job.return_value)).toEqual(['+4.5', 'Hello, Ada!', 'Hello, Grace!'])
    expect(described[3]?.exc_info).toMatch(/RQ_INPUT_INVALID.*expected a number above 0/)
    expect(described[4]?.exc_info).toMatch(/expected one argument, the input; got 2/)
  })

  test('Python reads their names and inputs', async () => {
    await using client = jobsClient(jobs, { connection: site.redis.url, serializer: 'json' })
    const { id } = await client.greet.enqueue({ name: 'Ada' })
    expect(await site.py('[fetch(id).func_name, list(fetch(id).args)]', { id })).toEqual(['greet', [{ name: 'Ada' }]])
    await (await Job.fetch(id, { connection: site.redis.url, serializer: 'json' })).delete()
  })

  test('Python lists a worker whose record shows the names that it knows', async () => {
    const where = { connection: site.redis.url }
    const worker = new SimpleWorker('listed', { ...where, jobs, functions: { 'old.one': () => 1 } })
    const done = worker.work({ withScheduler: false })
    try {
      const shown = async () => (await Worker.all(where)).find(({ name }) => name === worker.name)?.jobNames
      await eventually(async () => (await shown()) !== undefined)
      expect(await shown()).toEqual(['old.one', 'halve', 'greet'])
      const listed = await site.py('[[w.name, w.queue_names()] for w in Worker.all(connection=conn)]')
      expect(listed).toContainEqual([worker.name, ['listed']])
    } finally {
      await worker.stop()
      await done
    }
  })

  test('a Python worker may know a name: nothing is said of it while one serves the queue', async () => {
    const where = { connection: site.redis.url }
    const worker = new SimpleWorker('mixed', { ...where, serializer: 'json', jobs })
    // Or it would fail the job.
    worker.pause()
    const done = worker.work({ withScheduler: false })
    try {
      await eventually(async () =>
        expect((await Worker.all({ ...where, queue: site.queue('mixed') }))[0]?.jobNames).toBeDefined(),
      )
      await site.py("known = Worker([queue('mixed')], connection=conn)\nknown.register_birth()")
      const job = await site.queue('mixed').enqueue('report')
      expect(await job.explain()).toMatchObject({ code: 'queued', text: expect.stringMatching(/2 workers serve/) })
      await site.py('known.register_death()')
      expect(await job.explain()).toMatchObject({ code: 'unknown_function' })
    } finally {
      await worker.stop()
      await done
    }
  })
})
