import { eventually, patience } from '@rq/testkit'
import { Callback, Dependency, JobFailedError, Queue, Retry } from 'rq'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('we enqueue, a Python worker runs'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const burst = (queue: string) => site.pythonWorker(queue, { burst: true }).exited

  test('functions with dotted names get their arguments, and we read what they return', async () => {
    const queue = site.queue('calls')
    const jobs = await Promise.all([
      queue.enqueue('only_python.square', [12]),
      queue.enqueue('only_python.Calculator.double', [21]),
      queue.enqueue('tasks.greet', ['Ada'], { kwargs: { greeting: 'Salut' } }),
      queue.enqueue('tasks.echo', [{ a: [1, null, true, 'ü'], b: { c: 0.5 } }]),
      queue.enqueue('only_python.länge', ['Größe']),
      queue.enqueue('tasks.nothing'),
    ])
    await burst('calls')
    expect(await Promise.all(jobs.map((job) => job.getStatus()))).toEqual(jobs.map(() => 'finished'))
    expect(await Promise.all(jobs.map((job) => job.result()))).toEqual([
      144,
      42,
      'Salut, Ada!',
      { a: [1, null, true, 'ü'], b: { c: 0.5 } },
      5,
      null,
    ])
    const [first] = jobs
    const [result] = (await first?.results()) ?? []
    expect(result).toMatchObject({ type: 'successful', returnValue: 144 })
    await first?.refresh()
    expect(first?.endedAt?.getTime()).toBeGreaterThanOrEqual(first?.startedAt?.getTime() ?? Number.NaN)
    expect(await queue.finishedJobRegistry.count()).toBe(jobs.length)
  })

  test('Python also reads a queue with our default settings, its JSON values and its results in the stream', async () => {
    const queue = new Queue('defaults', { connection: site.redis.url })
    try {
      const job = await queue.enqueue('tasks.echo', [{ plain: ['json', 1] }], { meta: { from: 'ts' } })
      await burst('defaults')
      expect(await job.result()).toEqual({ plain: ['json', 1] })
      expect(await site.py(`fetch(id).meta`, { id: job.id })).toEqual({ from: 'ts' })
    } finally {
      await queue.close()
    }
  })

  test('a job that our worker returned is scheduled for Python, whose scheduler moves it and whose worker runs it', async () => {
    const queue = site.queue('returned')
    const job = await queue.enqueue('only_python.square', [12], { retry: 2 })
    const ours = site.worker('returned', { onUnknownFunction: { returnFor: '10m' } })
    const isReturned = new Promise<string>((resolve) => ours.once('job:returned', ({ jobId }) => resolve(jobId)))
    const work = ours.work({ withScheduler: false })
    expect(await isReturned).toBe(job.id)
    await ours.stop()
    await work
    const read = `
job = fetch(id)
[job.get_status(), job.retries_left, job.latest_result(), ScheduledJobRegistry('returned', connection=conn).get_job_ids()]`
    expect(await site.py(read, { id: job.id })).toEqual(['scheduled', 2, null, [job.id]])
    await using _theirs = site.pythonWorker('returned', { with_scheduler: true })
    expect(await job.result({ timeout: patience(60) })).toBe(144)
    await job.refresh()
    expect([job.attempt, job.retriesLeft]).toEqual([1, 2])
  })

  test('result() throws the error of a Python job', async () => {
    const job = await site.queue('errors').enqueue('tasks.fail', ['out of ink'])
    await burst('errors')
    const error = await job.result().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(JobFailedError)
    expect(error).toMatchObject({ message: expect.stringMatching(/ValueError: out of ink$/) })
    expect((error as JobFailedError).remoteStack).toMatch(/^Traceback \(most recent call last\)[\s\S]*tasks\.py/)
    expect((await job.latestResult())?.type).toBe('failed')
  })

  test('waiting callers are woken as soon as the Python worker has ended the job', async () => {
    const queue = site.queue('waiting')
    await using _worker = site.pythonWorker('waiting')
    await (await queue.enqueue('tasks.echo', ['warm'])).result({ timeout: patience(60) })
    // Without the timer that looks from time to time, a wait can only end by being woken.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    const release = async (key: string) => {
      await eventually(async () => (await site.client.llen(key)) === 1)
      await site.client.rpush(`${key}:go`, 1)
    }
    for (let round = 0; round < 5; round++) {
      const key = `test:wait-${round}`
      const job = await queue.enqueue('tasks.hold', [key, 10])
      await Promise.all([job.result({ timeout: patience(60) }), release(key)])
    }
    // `enqueueAndWait` looks once, and the stream is watched from then on.
    const key = 'test:wait-at-once'
    await Promise.all([queue.enqueueAndWait('tasks.hold', [key, 10], { timeout: patience(60) }), release(key)])
  })

  test('options have the same meaning in a Python worker', async () => {
    const queue = site.queue('options')
    const [limited, retried, kept, meta] = await Promise.all([
      queue.enqueue('tasks.sleep', [30], { jobTimeout: 1 }),
      queue.enqueue('tasks.fail_until', ['test:ts-retries', 2], { retry: new Retry({ max: 3 }) }),
      queue.enqueue('tasks.echo', [1], { resultTtl: -1 }),
      queue.enqueue('tasks.stamp_meta', [], { meta: { user: 7 }, kwargs: { colour: 'grün' } }),
    ])
    await burst('options')
    expect((await limited.latestResult())?.excString).toMatch(/JobTimeoutException: Task exceeded maximum timeout/)
    expect(await retried.result()).toBe(3)
    await retried.refresh()
    expect(retried.retriesLeft).toBe(1)
    expect(await site.client.ttl(`rq:job:${kept.id}`)).toBe(-1)
    expect(await meta.getMeta()).toEqual({ user: 7, colour: 'grün', language: 'python' })
  })

  test('callbacks with dotted names run in the Python worker', async () => {
    const queue = site.queue('callbacks')
    const good = await queue.enqueue('tasks.add', [1, 2], { onSuccess: new Callback('tasks.on_success') })
    const bad = await queue.enqueue('tasks.fail', ['x'], { onFailure: 'tasks.on_failure' })
    await burst('callbacks')
    expect(await site.client.lrange('test:callbacks', 0, -1)).toEqual([
      `python success ${good.id} 3`,
      `python failure ${bad.id} ValueError`,
    ])
  })

  test('Python sees a deferred job of ours, and releases it when its own job has ended', async () => {
    const queue = site.queue('chain')
    const parent = await queue.enqueue('only_python.square', [3])
    const child = await queue.enqueue('tasks.sum_of_dependencies', [1], { dependsOn: parent })
    const tolerant = await queue.enqueue('tasks.echo', ['anyway'], {
      dependsOn: new Dependency({ jobs: await queue.enqueue('tasks.fail', ['x']), allowFailure: true }),
    })
    expect(await site.py(`[fetch(id).get_status() for id in ids]`, { ids: [child.id, tolerant.id] })).toEqual([
      'deferred',
      'deferred',
    ])
    expect(await site.py(`len(registry('deferred', 'chain'))`)).toBe(2)
    expect(await site.py(`clean_registries(queue('chain')); len(registry('deferred', 'chain'))`)).toBe(2)
    await burst('chain')
    expect(await child.result()).toBe(10)
    expect(await tolerant.result()).toBe('anyway')
  })

  test('a Python scheduler promotes a scheduled job of ours', async () => {
    const queue = site.queue('due')
    const now = await queue.enqueueIn(2, 'tasks.add', [20, 22])
    const at = Date.now() + 3_600_000
    const later = await queue.enqueueAt(new Date(at), 'tasks.add', [1, 1])
    expect(await site.py(`sorted(registry('scheduled', 'due').get_job_ids())`)).toEqual([now.id, later.id].sort())
    const due = await site.py<string>(`registry('scheduled', 'due').get_scheduled_time(id)`, { id: later.id })
    expect(Math.abs(Date.parse(due) - at)).toBeLessThan(5000)
    await using _worker = site.pythonWorker('due', { with_scheduler: true })
    expect(await now.result({ timeout: patience(60) })).toBe(42)
    expect(await later.getStatus()).toBe('scheduled')
  })

  test('a queue for Python refuses values that only JavaScript has, when they are enqueued', async () => {
    const queue = site.queue('refused')
    const refused = { code: 'RQ_SERIALIZATION' }
    await expect(queue.enqueue('tasks.echo', [new Map([['a', 1]])])).rejects.toMatchObject(refused)
    await expect(queue.enqueue('tasks.echo', [{ deep: [1n] }])).rejects.toThrow(/deep\[0\].*BigInt/)
    await expect(queue.enqueue('tasks.echo', [Number.NaN])).rejects.toMatchObject(refused)
    await expect(queue.enqueue('tasks.echo', [], { kwargs: { value: new Set() } })).rejects.toMatchObject(refused)
    await expect(queue.enqueue('tasks.echo', [1], { meta: { at: 1n } })).rejects.toMatchObject(refused)
    expect(await queue.count()).toBe(0)
  })

  test('a job of our function fails with the reason in a Python worker, and we can requeue it for our worker', async () => {
    const queue = site.queue('foreign')
    const job = await queue.enqueue('only_typescript.cube', [3])
    await burst('foreign')
    await expect(job.result()).rejects.toThrow(/only_typescript/)
    await job.requeue()
    await site.worker('foreign').work({ burst: true })
    expect(await job.result()).toBe(27)
    expect((await job.results()).map(({ type }) => type)).toEqual(['successful', 'failed'])
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
