import { eventually, isRunning, patience } from '@rq/testkit'
import { Job, Retry } from 'rq'
import { describe, expect, test } from 'vitest'
import { endLeases, ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

const major = Number(python?.version.split('.')[0] ?? 0)

describe.skipIf(python === undefined)(withPython('what one side leaves, the other takes up'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const runs = (key: string) => site.client.llen(key)
  /** Wait until a job that blocks on `key` has begun for the nth time. Returns its process id. */
  const begun = async (key: string, times = 1): Promise<number> => {
    await eventually(async () => (await runs(key)) === times)
    return Number(await site.client.lindex(key, -1))
  }
  const kill = async (pid: number) => {
    process.kill(pid, 'SIGKILL')
    await eventually(() => !isRunning(pid))
  }

  test('a job of our killed worker survives the cleanup of Python, and runs again in our worker', async () => {
    const queue = site.queue('killed-ours')
    const worker = await site.workerProcess('killed-ours')
    const again = await queue.enqueue('tasks.hold', ['test:killed-ours', 30], { retry: new Retry({ max: 1 }) })
    await begun('test:killed-ours')
    await worker[Symbol.asyncDispose]()
    // Ended by our time; Python gives each lease a minute more.
    await endLeases(site, 'killed-ours', Date.now() - 5000)
    await site.py(`clean_registries(queue('killed-ours')); len(registry('started', 'killed-ours'))`)
    await site.pythonWorker('killed-ours', { burst: true }).exited
    expect(await site.pythonCli('info', '--url', site.redis.url).exited).toMatchObject({ code: 0 })
    expect(await again.getStatus()).toBe('started')
    const successor = site.worker('killed-ours')
    const work = successor.work()
    await begun('test:killed-ours', 2)
    await site.client.rpush('test:killed-ours:go', 1)
    expect(await again.result({ timeout: patience(60) })).toBe('held')
    await successor.stop()
    await work
  })

  test('a job without retries of our killed worker fails with the reason, which Python reads', async () => {
    const queue = site.queue('abandoned-ours')
    const worker = await site.workerProcess('abandoned-ours')
    const job = await queue.enqueue('tasks.hold', ['test:abandoned-ours', 30])
    await begun('test:abandoned-ours')
    await worker[Symbol.asyncDispose]()
    await endLeases(site, 'abandoned-ours')
    const successor = site.worker('abandoned-ours')
    const work = successor.work()
    await expect(job.result({ timeout: patience(60) })).rejects.toThrow(/AbandonedJobError/)
    await successor.stop()
    await work
    const read = `job = fetch(id); [job.get_status(), job.latest_result().exc_string]`
    expect(await site.py(read, { id: job.id })).toEqual(['failed', expect.stringMatching(/AbandonedJobError/)])
  })

  test.skipIf(major < 2)('Python (RQ 2) recovers it where no worker of ours is left', async () => {
    const queue = site.queue('orphaned')
    const worker = await site.workerProcess('orphaned')
    const job = await queue.enqueue('tasks.hold', ['test:orphaned', 30], { retry: new Retry({ max: 1 }) })
    await begun('test:orphaned')
    await worker[Symbol.asyncDispose]()
    await endLeases(site, 'orphaned')
    await using _theirs = site.pythonWorker('orphaned')
    await begun('test:orphaned', 2)
    await site.client.rpush('test:orphaned:go', 1)
    expect(await job.result({ timeout: patience(60) })).toBe('held')
  })

  test('a job of a killed Python worker runs again in ours, or fails with the reason', async () => {
    const queue = site.queue('killed-theirs')
    const theirs = [site.pythonWorker('killed-theirs'), site.pythonWorker('killed-theirs')]
    const [retried, failed] = await site.py<string[]>(`
q = queue('killed-theirs')
[q.enqueue('tasks.hold', 'test:killed-retried', 30, retry=Retry(max=1)).id,
 q.enqueue('tasks.hold', 'test:killed-failed', 30).id]`)
    const horses = [await begun('test:killed-retried'), await begun('test:killed-failed')]
    await Promise.all(theirs.map((worker) => worker[Symbol.asyncDispose]()))
    await Promise.all(horses.map(kill))
    await endLeases(site, 'killed-theirs')
    const ours = site.worker('killed-theirs')
    const work = ours.work()
    await begun('test:killed-retried', 2)
    await site.client.rpush('test:killed-retried:go', 1)
    const handle = (id?: string) => Job.fetch(id ?? '', { connection: site.redis.url, serializer: 'json' })
    expect(await (await handle(retried)).result({ timeout: patience(60) })).toBe('held')
    await expect((await handle(failed)).result({ timeout: patience(60) })).rejects.toThrow(/AbandonedJobError/)
    expect(await queue.failedJobRegistry.getJobIds()).toEqual([failed])
    await ours.stop()
    await work
    expect(await site.py(`[fetch(id).get_status() for id in ids]`, { ids: [retried, failed] })).toEqual([
      'finished',
      'failed',
    ])
  })

  test('a job that we had run before is recovered from a killed Python worker too', async () => {
    const queue = site.queue('killed-later')
    const job = await queue.enqueue('only_python.hold_again', ['test:killed-later', 30])
    await site.worker('killed-later').work({ burst: true })
    expect(await job.getStatus()).toBe('failed')
    const theirs = site.pythonWorker('killed-later')
    await site.py(`fetch(id).requeue()`, { id: job.id })
    const horse = await begun('test:killed-later')
    await theirs[Symbol.asyncDispose]()
    await kill(horse)
    await endLeases(site, 'killed-later')
    await site.worker('killed-later').work({ burst: true })
    await expect(job.result({ timeout: patience(60) })).rejects.toThrow(/AbandonedJobError/)
  })

  test('a job that a dead Python worker took and did not begin goes back to the queue', async () => {
    const queue = site.queue('intermediate')
    const job = await queue.enqueue('tasks.add', [1, 2])
    const gone = await queue.enqueue('tasks.add', [3, 4])
    // The first step of a Python worker of one queue (RQ 1.15 and later); this one dies right after it.
    for (let taken = 0; taken < 2; taken++)
      await site.client.lmove('rq:queue:intermediate', 'rq:queue:intermediate:intermediate', 'LEFT', 'RIGHT')
    await site.client.del(`rq:job:${gone.id}`)
    await using worker = await disposable(site.worker('intermediate', { leaseMs: 6000 }))
    await eventually(async () => expect(await site.client.hlen('rq:stuck:intermediate')).toBe(1))
    expect(await job.getStatus()).toBe('queued')
    const [field = ''] = await site.client.hkeys('rq:stuck:intermediate')
    await site.client.hset('rq:stuck:intermediate', field, Date.now() - 61_000)
    expect(await job.result({ timeout: patience(60) })).toBe(3)
    expect(await site.client.exists('rq:queue:intermediate:intermediate')).toBe(0)
    await eventually(async () => (await site.client.exists('rq:stuck:intermediate')) === 0)
    expect(worker.isWorking).toBe(true)
  })

  test('maintenance of either side leaves the running jobs of the other alone', async () => {
    const ours = site.queue('care-ours')
    const theirs = site.queue('care-theirs')
    await using _worker = await disposable(site.worker('care-ours', { leaseMs: 6000, maintenanceInterval: 1 }))
    await using _python = site.pythonWorker('care-theirs')
    const [a, b] = await Promise.all([
      ours.enqueue('tasks.hold', ['test:care-ours', 30]),
      theirs.enqueue('tasks.hold', ['test:care-theirs', 30]),
    ])
    await Promise.all([begun('test:care-ours'), begun('test:care-theirs')])
    // Both sides maintain both queues: Python when a worker starts, we all the time.
    await using _ours = await disposable(site.worker('care-theirs', { leaseMs: 6000, maintenanceInterval: 1 }))
    await site.pythonWorker('care-ours', { burst: true }).exited
    await site.py(`[clean_registries(queue(name)) for name in ('care-ours', 'care-theirs')]`)
    const since = Date.now()
    await eventually(() => Date.now() - since > 1500)
    expect([await a.getStatus(), await b.getStatus()]).toEqual(['started', 'started'])
    await site.client.rpush('test:care-ours:go', 1)
    await site.client.rpush('test:care-theirs:go', 1)
    expect([await a.result({ timeout: patience(60) }), await b.result({ timeout: patience(60) })]).toEqual([
      'held',
      'held',
    ])
    expect([await runs('test:care-ours'), await runs('test:care-theirs')]).toEqual([1, 1])
  })

  test('deferred jobs of ours survive the cleanup of Python', async () => {
    const queue = site.queue('patient')
    const parent = await queue.enqueue('tasks.echo', [1])
    const child = await queue.enqueue('tasks.echo', [2], { dependsOn: parent })
    const since = Date.now()
    await eventually(() => Date.now() - since > 1100)
    await site.py(`clean_registries(queue('patient')); registry('deferred', 'patient').cleanup()`)
    expect(await site.py(`registry('deferred', 'patient').get_job_ids()`)).toEqual([child.id])
    expect(await child.getStatus()).toBe('deferred')
    await site.worker('patient').work({ burst: true })
    expect(await child.result()).toBe(2)
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })

  /** Starts a worker, which is stopped at the end of the scope. */
  async function disposable(worker: ReturnType<Site['worker']>) {
    const work = worker.work()
    return {
      get isWorking() {
        return worker.isWorking
      },
      async [Symbol.asyncDispose]() {
        await worker.stop({ force: true })
        await work
      },
    }
  }
})
