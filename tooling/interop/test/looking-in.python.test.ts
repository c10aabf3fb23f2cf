import { eventually, patience } from '@rq/testkit'
import { Group, Job, Queue, Worker } from 'rq'
import { describe, expect, test } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('each side looks at what the other has'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const where = () => ({ connection: site.redis.url, serializer: 'json' as const })

  test('Python reads our jobs in every state, in every registry', async () => {
    const queue = site.queue('states')
    const failed = await queue.enqueue('tasks.fail', ['x'])
    const finished = await queue.enqueue('tasks.echo', [{ a: 1 }], { meta: { m: 'ü' }, description: 'ein Test' })
    await site.worker('states').work({ burst: true })
    const queued = await queue.enqueue('tasks.add', [1, 2], { ttl: 600, kwargs: { z: 1 } })
    const deferred = await queue.enqueue('tasks.echo', [1], { dependsOn: [queued, finished] })
    const scheduled = await queue.enqueueIn('1h', 'tasks.echo', [1])
    const canceled = await queue.enqueue('tasks.echo', [1])
    await canceled.cancel()
    const ids = { queued, finished, failed, deferred, scheduled, canceled }
    const read = await site.py<{
      queues: Record<string, Record<string, unknown>>
      jobs: Record<string, Record<string, unknown>>
    }>('read_everything()')
    expect(read.queues.states).toEqual({
      count: 1,
      job_ids: [queued.id],
      started: [],
      finished: [finished.id],
      failed: [failed.id],
      deferred: [deferred.id],
      scheduled: [scheduled.id],
      canceled: [canceled.id],
      scheduler_pid: null,
    })
    expect(Object.entries(ids).map(([, job]) => read.jobs[job.id]?.status)).toEqual(Object.keys(ids))
    expect(read.jobs[finished.id]).toMatchObject({
      description: 'ein Test',
      meta: { m: 'ü' },
      return_value: { a: 1 },
      func_name: 'tasks.echo',
      origin: 'states',
      timeout: 180,
    })
    expect(read.jobs[queued.id]).toMatchObject({ args: [1, 2], kwargs: { z: 1 }, ttl: 600, position: 0 })
    expect(read.jobs[deferred.id]?.dependency_ids).toEqual([queued.id, finished.id])
    expect(read.jobs[queued.id]?.dependent_ids).toEqual([deferred.id])
    for (const kind of ['finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const) {
      expect(await site.py(`registry(kind, 'states').get_job_ids()`, { kind })).toEqual([ids[kind].id])
    }
  })

  test('Python workers run jobs without a description of their own, also at a terminal', async () => {
    const queue = new Queue('terse', where())
    const job = await queue.enqueue('tasks.add', [1, 2])
    expect(await site.client.hget(`rq:job:${job.id}`, 'description')).toBe('-')
    const code = `
import rq.logutils, rq.utils
colorizer = getattr(rq.logutils, 'colorizer', None) or rq.utils.colorizer
colorizer.notty = False
rq.SimpleWorker([queue('terse')], connection=conn, serializer=JSONSerializer).work(burst=True)
colorizer.notty = True
fetch(id).get_status()`
    const worked = await site.py<string>(code, { id: job.id })
    expect(worked).toBe('finished')
    expect((await queue.fetchJob(job.id))?.description).toBe('tasks.add(1, 2)')
    await queue.close()
  })

  test('Python sees our worker, idle and busy, and its counters', async () => {
    const queue = site.queue('watched')
    const worker = site.worker(['watched', 'other'], { name: 'ours', jobMonitoringInterval: 1 })
    const work = worker.work()
    const ours = () => site.py<Record<string, unknown>[]>('[describe_worker(w) for w in Worker.all(connection=conn)]')
    await eventually(async () => expect(await ours()).toMatchObject([{ name: 'ours', state: 'idle' }]))
    const job = await queue.enqueue('tasks.hold', ['test:watched', 20])
    await eventually(async () =>
      expect(await ours()).toMatchObject([
        { state: 'busy', queues: ['watched', 'other'], pid: process.pid, current_job_id: job.id },
      ]),
    )
    expect(await site.py(`fetch(id).get_status()`, { id: job.id })).toBe('started')
    expect(await site.py(`[w.name for w in Worker.all(queue=queue('other'))]`)).toEqual(['ours'])
    expect(await site.py(`Worker.count(connection=conn)`)).toBe(1)
    expect(await site.py(`[entry.split(':')[0] for entry in conn_members('started', 'watched')]`)).toEqual([job.id])
    await site.client.rpush('test:watched:go', 1)
    expect(await job.result()).toBe('held')
    await (await queue.enqueue('tasks.fail', ['x'])).result().catch(() => {})
    await eventually(async () =>
      expect(await ours()).toMatchObject([
        { state: 'idle', successful_job_count: 1, failed_job_count: 1, current_job_id: null },
      ]),
    )
    await worker.stop()
    await work
    expect(await ours()).toEqual([])
    expect(await site.py(`Worker.find_by_key('rq:worker:ours', connection=conn).death_date is not None`)).toBe(true)
  })

  test('we read jobs of Python in every state, its registries and its worker', async () => {
    const [finished, failed] = await site.py<string[]>(`
q = queue('theirs')
[q.enqueue('tasks.add', 1, 2, meta={'m': 'ü'}, description='ein Test').id, q.enqueue('tasks.fail', 'x').id]`)
    await site.pythonWorker('theirs', { burst: true }).exited
    const ids = await site.py<Record<string, string>>(`
import datetime
queued = q.enqueue('tasks.greet', 'Ada', greeting='Hi', ttl=600)
deferred = q.enqueue('tasks.echo', 1, depends_on=queued)
scheduled = q.enqueue_in(datetime.timedelta(hours=1), 'tasks.echo', 1)
canceled = q.enqueue('tasks.echo', 1)
canceled.cancel()
{'queued': queued.id, 'deferred': deferred.id, 'scheduled': scheduled.id, 'canceled': canceled.id}`)
    const queue = site.queue('theirs')
    const all = { ...ids, finished: finished ?? '', failed: failed ?? '' }
    for (const [status, id] of Object.entries(all)) {
      expect(await (await Job.fetch(id, where())).getStatus()).toBe(status)
    }
    expect(await queue.getJobIds()).toEqual([ids.queued])
    expect(await queue.finishedJobRegistry.getJobIds()).toEqual([finished])
    expect(await queue.failedJobRegistry.getJobIds()).toEqual([failed])
    expect(await queue.deferredJobRegistry.getJobIds()).toEqual([ids.deferred])
    expect(await queue.scheduledJobRegistry.getJobIds()).toEqual([ids.scheduled])
    expect(await queue.canceledJobRegistry.getJobIds()).toEqual([ids.canceled])
    expect((await Queue.all({ connection: site.redis.url })).map(({ name }) => name)).toContain('theirs')
    const job = await Job.fetch(ids.queued ?? '', where())
    expect(job).toMatchObject({
      funcName: 'tasks.greet',
      args: ['Ada'],
      kwargs: { greeting: 'Hi' },
      timeout: 180,
      ttl: 600,
      origin: 'theirs',
    })
    const created = await site.py<string>(`fetch(id).created_at.timestamp()`, { id: ids.queued })
    expect(Math.abs(job.createdAt.getTime() - Number(created) * 1000) % 3_600_000).toBeLessThan(1)
    const done = await Job.fetch(all.finished, where())
    expect(done).toMatchObject({ description: 'ein Test', meta: { m: 'ü' } })
    expect(await done.returnValue()).toBe(3)
    const deferred = await Job.fetch(ids.deferred ?? '', where())
    expect((await deferred.fetchDependencies()).map(({ id }) => id)).toEqual([ids.queued])
    expect(await job.getDependentIds()).toEqual([ids.deferred])
  })

  test('we see a busy Python worker, and its execution', async () => {
    await using theirs = site.pythonWorker('visible', { name: 'theirs' })
    const queue = site.queue('visible')
    const job = await queue.enqueue('tasks.hold', ['test:visible', 20])
    await eventually(async () => (await site.client.llen('test:visible')) === 1)
    expect(await Worker.all({ connection: site.redis.url })).toMatchObject([
      { name: 'theirs', state: 'busy', queues: ['visible'], pid: theirs.pid, currentJobId: job.id },
    ])
    expect(await Worker.count({ queue })).toBe(1)
    expect(await job.getStatus()).toBe('started')
    await job.refresh()
    expect(job.workerName).toBe('theirs')
    expect(await queue.startedJobRegistry.getJobIds()).toEqual([job.id])
    expect(await job.getExecutions()).toHaveLength(1)
    await site.client.rpush('test:visible:go', 1)
    expect(await job.result({ timeout: patience(60) })).toBe('held')
    const seen = () => Worker.all({ connection: site.redis.url })
    await eventually(async () => expect(await seen()).toMatchObject([{ state: 'idle' }]))
    theirs.kill()
    await theirs.exited
    expect(await seen()).toEqual([])
  })

  test.skipIf(Number(python?.version.split('.')[0]) < 2)('each side reads the groups of the other', async () => {
    const ids = await site.py<string[]>(`
from rq.group import Group
group = Group.create(connection=conn, name='theirs')
[job.id for job in group.enqueue_many(queue('grouped'), [Queue.prepare_data('tasks.add', (n, n)) for n in range(3)])]`)
    const theirs = await Group.fetch('theirs', where())
    expect((await theirs.getJobs()).map(({ id }) => id).sort()).toEqual([...ids].sort())
    const group = Group.create({ ...where(), name: 'ours' })
    const jobs = await group.enqueueMany(site.queue('grouped'), [Queue.prepareData('tasks.add', [1, 2])])
    expect(await site.py(`[job.id for job in Group.fetch('ours', conn).get_jobs()]`)).toEqual(jobs.map(({ id }) => id))
    expect(await site.py(`sorted(group.name for group in Group.all(conn))`)).toEqual(['ours', 'theirs'])
    expect((await Group.all(where())).map(({ name }) => name).sort()).toEqual(['ours', 'theirs'])
    await site.worker('grouped').work({ burst: true })
    // RQ reads the jobs of a group with its default serializer, even where they were written with another.
    expect(await site.py(`[fetch(job.id).return_value() for job in Group.fetch('ours', conn).get_jobs()]`)).toEqual([3])
  })

  test('rq info shows queues and workers of both', async () => {
    // It lists only the workers of queues that have been enqueued to.
    await site.queue('for-info').enqueue('tasks.echo', [1])
    const worker = site.worker('for-info', { name: 'ours-for-info' })
    const work = worker.work()
    await using theirs = site.pythonWorker('for-info', { name: 'theirs-for-info' })
    await eventually(async () => (await Worker.count({ connection: site.redis.url })) === 2)
    const info = site.pythonCli('info', '--url', site.redis.url)
    expect(await info.exited).toMatchObject({ code: 0 })
    expect(info.written).toMatch(/ours-for-info/)
    expect(info.written).toMatch(/theirs-for-info/)
    expect(info.written).toMatch(/2 workers/)
    theirs.kill()
    await worker.stop()
    await work
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
