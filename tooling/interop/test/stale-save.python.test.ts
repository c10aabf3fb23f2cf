import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import { eventually, type SpawnedProcess } from '@rq/testkit'
import { RateLimit, Repeat, Retry } from 'rq'
import { describe, expect, test } from 'vitest'
import { endLeases, ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

/**
 * RQ's `Job.save()` writes the whole hash, status included, from the caller's copy; `Queue.enqueue_job()` writes it and
 * pushes the id. Programs call both at any time, and RQ's own worker does not mind: the list and the registries say
 * what runs.
 */
describe.skipIf(python === undefined)(withPython('a Python program saves an older copy of a job'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const statusOf = (id: string) => site.client.hget(`rq:job:${id}`, 'status')
  const describeJob = (id: string) => site.py<Record<string, unknown>>('describe(fetch(id))', { id })
  /** Runs every job that is due in the queue, until nothing is left to do. */
  const burst = (queue: string) => site.worker(queue, { concurrency: 1 }).work({ burst: true })
  const begun = (key: string, times = 1) => eventually(async () => expect(await site.client.llen(key)).toBe(times))
  const runs = (key: string) => site.client.lrange(key, 0, -1)
  /** A worker whose heartbeats come often. */
  const worker = (queue: string) => site.worker(queue, { concurrency: 1, jobMonitoringInterval: 1 })
  /** Kills a worker and lets its leases end now, which a busy machine does not before. */
  const kill = async (process: SpawnedProcess, queue: string) => {
    process.kill('SIGKILL')
    await process.exited
    await endLeases(site, queue)
  }

  /** Waits until a heartbeat has come since now. */
  async function nextHeartbeat(id: string): Promise<void> {
    const before = await site.client.hget(`rq:job:${id}`, 'last_heartbeat')
    await eventually(async () => expect(await site.client.hget(`rq:job:${id}`, 'last_heartbeat')).not.toBe(before))
  }

  test('while it runs: it ends with its result, and keeps what was saved', async () => {
    const id = await site.py<string>(`kept.job = queue('running').enqueue('tasks.hold', 'running', 60)\nkept.job.id`)
    const ours = worker('running')
    const working = ours.work({ maxJobs: 1 })
    await begun('running')
    // Both in one transaction: the next heartbeat sets the status again.
    const save = `
kept.job.meta['owner'] = 'web'
with conn.pipeline() as p:
    kept.job.save(pipeline=p)
    p.hget('rq:job:' + kept.job.id, 'status')
    status = p.execute()[-1]
status`
    expect(await site.py(save)).toBe('queued')
    await nextHeartbeat(id)
    expect(await statusOf(id)).toBe('started')
    await site.py(`kept.job.save()`)
    await site.client.rpush('running:go', 1)
    await working
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 'held', meta: { owner: 'web' } })
    expect(await site.py(`registry('finished', 'running').get_job_ids()`)).toEqual([id])
    expect(await site.py(`registry('started', 'running').get_job_ids()`)).toEqual([])
  })

  test('while it runs, and its worker is stopped: it waits again at the head of its queue', async () => {
    const id = await site.py<string>(`kept.job = queue('stopped').enqueue('tasks.hold', 'stopped', 60)\nkept.job.id`)
    const ours = worker('stopped')
    const working = ours.work()
    await begun('stopped')
    await site.py(`kept.job.save()`)
    await ours.stop({ force: true })
    await working
    expect(await site.client.lrange('rq:queue:stopped', 0, -1)).toEqual([id])
    await site.client.rpush('stopped:go', 1)
    await burst('stopped')
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 'held' })
  })

  test('while it runs, and its worker dies: it is taken over', async () => {
    const id = await site.py<string>(
      `kept.job = queue('died').enqueue('tasks.hold', 'died', 60, retry=Retry(max=1))\nkept.job.id`,
    )
    const process = await site.workerProcess('died')
    await begun('died')
    await site.py(`kept.job.save()`)
    await kill(process, 'died')
    const working = worker('died').work({ maxJobs: 1 })
    await begun('died', 2)
    await site.client.rpush('died:go', 1, 1)
    await working
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 'held' })
  })

  test('after its parent has released it: it runs', async () => {
    const id = await site.py<string>(`
q = queue('released')
parent = q.enqueue('tasks.add', 1, 2)
kept.job = q.enqueue('tasks.note', 'released', 'child', depends_on=parent)
kept.job.id`)
    await site.worker('released').work({ maxJobs: 1 })
    expect(await statusOf(id)).toBe('queued')
    await site.py(`kept.job.save()`)
    expect(await statusOf(id)).toBe('deferred')
    await burst('released')
    expect(await runs('released')).toEqual(['child'])
    expect(await statusOf(id)).toBe('finished')
  })

  test('while it waits for its parent: it runs after the parent', async () => {
    const id = await site.py<string>(`
q = queue('waiting')
parent = q.enqueue('tasks.add', 1, 2)
kept.job = q.enqueue('tasks.note', 'waiting', 'child', depends_on=parent)
kept.job._status = 'created'
kept.job.save()
kept.job.id`)
    await burst('waiting')
    expect(await runs('waiting')).toEqual(['child'])
    expect(await statusOf(id)).toBe('finished')
    expect(await site.py(`registry('deferred', 'waiting').get_job_ids()`)).toEqual([])
  })

  test('while it waits for its delayed retry: the retry runs', async () => {
    const id = await site.py<string>(
      `kept.job = queue('retried').enqueue('tasks.fail_until', 'retried', 1, retry=Retry(max=1, interval=1))\nkept.job.id`,
    )
    await site.worker('retried').work({ maxJobs: 1, withScheduler: false })
    expect(await statusOf(id)).toBe('scheduled')
    await site.py(`kept.job.save()`)
    expect(await statusOf(id)).toBe('queued')
    await using storage = new RedisStorage({ connection: site.redis.url, role: 'worker' })
    const withScheduler = new Scheduler(['retried'], { storage })
    await site.worker('retried').work({ maxJobs: 1, withScheduler })
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 2 })
  })

  test('after it was requeued: it runs, and is in one registry at the end', async () => {
    const id = await site.py<string>(`queue('requeued').enqueue('tasks.fail_until', 'requeued', 1).id`)
    await burst('requeued')
    await site.py(`kept.job = fetch(id)\nfetch(id).requeue()\nkept.job.save()`, { id })
    expect(await statusOf(id)).toBe('failed')
    await burst('requeued')
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 2 })
    const where = await site.py(`[registry(kind, 'requeued').get_job_ids() for kind in ('finished', 'failed')]`)
    expect(where).toEqual([[id], []])
  })

  test('and pushes the id of a job that has finished: it runs again, and the first result stays', async () => {
    const id = await site.py<string>(`queue('again').enqueue('tasks.fail_until', 'again', 0).id`)
    await burst('again')
    await site.py(`queue('again').push_job_id(id)`, { id })
    await burst('again')
    const job = await describeJob(id)
    expect(job).toMatchObject({ status: 'finished', return_value: 2 })
    expect(job.results).toMatchObject([{ return_value: 2 }, { return_value: 1 }])
  })

  test('and enqueues it while it runs: the run ends, and then it runs once more', async () => {
    const id = await site.py<string>(`kept.job = queue('twice').enqueue('tasks.hold', 'twice', 60)\nkept.job.id`)
    const working = worker('twice').work({ maxJobs: 2 })
    await begun('twice')
    await site.py(`queue('twice').enqueue_job(kept.job)`)
    await nextHeartbeat(id)
    await site.client.rpush('twice:go', 1)
    await begun('twice', 2)
    await site.client.rpush('twice:go', 1)
    await working
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 'held' })
    expect(await site.client.hexists(`rq:job:${id}`, 'run_again')).toBe(0)
  })

  test('and enqueues it while it runs, beside an idle worker: it runs once more, after the first run', async () => {
    const id = await site.py<string>(`kept.job = queue('beside').enqueue('tasks.hold', 'beside', 60)\nkept.job.id`)
    const first = worker('beside')
    const second = worker('beside')
    const working = [first.work(), second.work()]
    await begun('beside')
    await site.py(`queue('beside').enqueue_job(kept.job)`)
    // The idle worker takes the id, sees that the job runs, and leaves it to the run under way.
    await eventually(async () => expect(await site.client.hget(`rq:job:${id}`, 'run_again')).toBe('1'))
    expect(await site.client.llen('beside')).toBe(1)
    await site.client.rpush('beside:go', 1)
    await begun('beside', 2)
    await site.client.rpush('beside:go', 1)
    await eventually(async () => expect(await statusOf(id)).toBe('finished'))
    await Promise.all([first.stop(), second.stop()])
    await Promise.all(working)
    expect(await site.client.hexists(`rq:job:${id}`, 'run_again')).toBe(0)
  })

  test('while many others that wait for its parent are released: all run, once', async () => {
    const count = 300
    await site.py(
      `
q = queue('many')
parent = q.enqueue('tasks.add', 1, 2)
kept.jobs = [q.enqueue('tasks.note', 'many', str(n), depends_on=parent) for n in range(count)]
None`,
      { count },
    )
    await site.worker('many').work({ maxJobs: 1 })
    await site.py(`[job.save() for job in kept.jobs]; None`)
    await burst('many')
    expect((await runs('many')).sort()).toEqual(Array.from({ length: count }, (_, n) => String(n)).sort())
    expect(await site.py(`registry('deferred', 'many').get_job_ids()`)).toEqual([])
  })

  test('which waits for two, while one has ended: it runs after the other, too', async () => {
    const id = await site.py<string>(`
q = queue('joined')
kept.first = q.enqueue('tasks.note', 'joined', 'first')
second = q.enqueue('tasks.note', 'joined', 'second')
kept.job = q.enqueue('tasks.note', 'joined', 'child', depends_on=[kept.first, second])
kept.job.id`)
    await site.worker('joined').work({ maxJobs: 1 })
    await site.py(`kept.first.save()\nkept.job._status = 'created'\nkept.job.save()`)
    await burst('joined')
    expect(await runs('joined')).toEqual(['first', 'second', 'child'])
    expect(await statusOf(id)).toBe('finished')
  })

  test('that has finished: jobs that depend on it run, of either language', async () => {
    await site.py(`kept.job = queue('over').enqueue('tasks.add', 1, 2, result_ttl=-1)\nNone`)
    await burst('over')
    await site.py(`kept.job.save()`)
    const dependsOn = await site.py<string>('kept.job.id')
    expect(await statusOf(dependsOn)).toBe('queued')
    const ours = await site.queue('over').enqueue('tasks.note', ['over', 'ours'], { dependsOn })
    expect(await ours.getStatus()).toBe('queued')
    await site.py(`queue('over').enqueue('tasks.note', 'over', 'theirs', depends_on=kept.job)\nNone`)
    const running = worker('over')
    const working = running.work()
    await eventually(async () => expect((await runs('over')).sort()).toEqual(['ours', 'theirs']))
    await running.stop()
    await working
  })

  test('between its repeats: it is repeated as often as before', async () => {
    const job = await site.queue('repeated').enqueue('tasks.note', ['repeated', 'run'], {
      repeat: new Repeat({ times: 2 }),
    })
    await site.py(`kept.job = fetch(id)\nNone`, { id: job.id })
    await site.worker('repeated').work({ maxJobs: 1 })
    const knowsRepeats = await site.py<boolean>(`hasattr(kept.job, 'repeats_left')`)
    await site.py(`kept.job.save()`)
    await burst('repeated')
    // A later version writes the number of repeats that were left, too.
    expect(await runs('repeated')).toHaveLength(knowsRepeats ? 4 : 3)
    expect(await statusOf(job.id)).toBe('finished')
  })

  test('which holds the slot of a rate limit, while it runs, and its worker dies: it ends before the next one', async () => {
    const rateLimit = new RateLimit({ key: 'slot', concurrency: 1 })
    const queue = site.queue('limited')
    const options = { rateLimit, retry: new Retry({ max: 1 }) }
    const first = await queue.enqueue('tasks.hold', ['limited', 60], options)
    await site.py(`kept.job = fetch(id)\nNone`, { id: first.id })
    const second = await queue.enqueue('tasks.note', ['limited', 'second'], { rateLimit })
    const process = await site.workerProcess('limited')
    await begun('limited')
    await site.py(`kept.job.save()`)
    await kill(process, 'limited')
    expect(await statusOf(second.id)).toBe('rate_limited')
    const running = worker('limited')
    const working = running.work()
    await begun('limited', 2)
    expect(await statusOf(second.id)).toBe('rate_limited')
    await site.client.rpush('limited:go', 1, 1)
    await eventually(async () => expect(await statusOf(second.id)).toBe('finished'))
    expect(await statusOf(first.id)).toBe('finished')
    await running.stop()
    await working
  })

  test('and enqueues it while it runs, and its worker dies: it runs again, and nothing is left over', async () => {
    const id = await site.py<string>(
      `kept.job = queue('died again').enqueue('tasks.hold', 'died again', 60, retry=Retry(max=1))\nkept.job.id`,
    )
    const process = await site.workerProcess('died again')
    await begun('died again')
    await site.py(`queue('died again').enqueue_job(kept.job)`)
    await kill(process, 'died again')
    await site.client.rpush('died again:go', 1, 1, 1)
    const running = worker('died again')
    const working = running.work()
    await eventually(async () => {
      expect(await statusOf(id)).toBe('finished')
      expect(await site.client.llen('rq:queue:died again')).toBe(0)
    })
    await running.stop()
    await working
    expect(await site.client.hexists(`rq:job:${id}`, 'run_again')).toBe(0)
    expect(await site.client.zcard('rq:wip:died again')).toBe(0)
  })

  test('and leaves nothing that Python cannot read', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
