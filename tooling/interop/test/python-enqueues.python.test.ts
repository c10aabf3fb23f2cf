import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import { eventually } from '@rq/testkit'
import { Job } from 'rq'
import { describe, expect, test } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('Python enqueues, a worker of ours runs'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const burst = (queue: string) => site.worker(queue).work({ burst: true, withScheduler: false })
  const describeJob = (id: unknown) => site.py<Record<string, unknown>>('describe(fetch(id))', { id })

  test('our worker gets positional and keyword arguments, and Python reads status, value and times', async () => {
    const ids = await site.py<string[]>(`
q = queue('args')
[q.enqueue('tasks.add', 3, 4).id,
 q.enqueue('tasks.greet', 'Ada').id,
 q.enqueue('tasks.greet', 'Ada', greeting='Salut', punctuation=' :)').id,
 q.enqueue('tasks.echo', {'a': [1, None, True, {'b': 'c'}]}).id,
 q.enqueue('only_typescript.Calculator.halve', 9).id,
 q.enqueue('only_typescript.länge', 'Größe').id,
 q.enqueue('tasks.nothing').id]`)
    expect(await burst('args')).toBe(true)
    const jobs = await Promise.all(ids.map(describeJob))
    expect(jobs.map((job) => job.status)).toEqual(ids.map(() => 'finished'))
    expect(jobs.map((job) => job.return_value)).toEqual([
      7,
      'Hello, Ada!',
      'Salut, Ada :)',
      { a: [1, null, true, { b: 'c' }] },
      4.5,
      5,
      null,
    ])
    const [first] = jobs
    expect(first?.results).toMatchObject([{ type: 'SUCCESSFUL', return_value: 7, exc_string: null }])
    expect(Date.parse(String(first?.ended_at))).toBeGreaterThanOrEqual(Date.parse(String(first?.started_at)))
    expect(first?.worker_name).toMatch(/^[0-9A-Za-z]{20}$/)
    expect(await site.py(`registry('finished', 'args').get_job_ids()`)).toEqual(expect.arrayContaining(ids))
    expect(await site.py(`[len(registry(kind, 'args')) for kind in ('started', 'failed')]`)).toEqual([0, 0])
  })

  test('Python reads message and stack of a failure, and finds the job in the failed registry', async () => {
    const id = await site.py<string>(`queue('failing').enqueue('tasks.fail', 'out of ink').id`)
    await burst('failing')
    const job = await describeJob(id)
    expect(job.status).toBe('failed')
    expect(job.return_value).toBe(null)
    expect(job.exc_info).toMatch(/tasks\.js[\s\S]*\nTypeError: out of ink$/)
    expect(job.results).toMatchObject([{ type: 'FAILED', exc_string: expect.stringContaining('out of ink') }])
    expect(await site.py(`registry('failed', 'failing').get_job_ids()`)).toEqual([id])
  })

  test('a timeout set by Python ends the job', async () => {
    const id = await site.py<string>(`queue('limits').enqueue('tasks.sleep', 30, job_timeout=1).id`)
    await burst('limits')
    const job = await describeJob(id)
    expect(job).toMatchObject({ status: 'failed', timeout: 1 })
    expect(job.exc_info).toMatch(/exceeded maximum timeout value \(1 seconds\)/)
  })

  test('result_ttl, failure_ttl and ttl mean the same as with a Python worker', async () => {
    const [kept, brief, gone, failed, expired] = await site.py<string[]>(`
q = queue('ttls')
[q.enqueue('tasks.echo', 1, result_ttl=-1).id,
 q.enqueue('tasks.echo', 2, result_ttl=600).id,
 q.enqueue('tasks.echo', 3, result_ttl=0).id,
 q.enqueue('tasks.fail', 'x', failure_ttl=700).id,
 q.enqueue('tasks.echo', 4, ttl=1).id]`)
    await eventually(async () => (await site.client.exists(`rq:job:${expired}`)) === 0)
    await burst('ttls')
    const ttl = (id?: string) => Promise.all(['job', 'results'].map((kind) => site.client.ttl(`rq:${kind}:${id}`)))
    expect(await ttl(kept)).toEqual([-1, -1])
    expect(Math.max(...(await ttl(brief)))).toBeLessThanOrEqual(600)
    expect(Math.min(...(await ttl(brief)))).toBeGreaterThan(500)
    expect(await ttl(gone)).toEqual([-2, -2])
    expect(Math.min(...(await ttl(failed)))).toBeGreaterThan(600)
    expect(await ttl(expired)).toEqual([-2, -2])
    expect(await site.py(`[job.return_value() for job in map(fetch, ids)]`, { ids: [kept, brief] })).toEqual([1, 2])
  })

  test('each side reads the meta that the other wrote', async () => {
    const id = await site.py<string>(
      `queue('meta').enqueue('tasks.stamp_meta', kwargs={'colour': 'grün'}, meta={'user': 7, 'tags': ['a']}).id`,
    )
    await burst('meta')
    expect(await describeJob(id)).toMatchObject({
      meta: { user: 7, tags: ['a'], colour: 'grün', language: 'typescript' },
      return_value: ['colour', 'language', 'tags', 'user'],
    })
  })

  test('retries set by Python are counted down, and their intervals delay them', async () => {
    const since = Date.now()
    const [at_once, later] = await site.py<string[]>(`
q = queue('retries')
[q.enqueue('tasks.fail_until', 'test:at-once', 2, retry=Retry(max=3)).id,
 q.enqueue('tasks.fail_until', 'test:later', 1, retry=Retry(max=1, interval=[60])).id]`)
    await burst('retries')
    expect(await describeJob(at_once)).toMatchObject({ status: 'finished', return_value: 3, retries_left: 1 })
    expect(await describeJob(later)).toMatchObject({ status: 'scheduled', retries_left: 0 })
    expect(await site.py(`registry('scheduled', 'retries').get_job_ids()`)).toEqual([later])
    const due = await site.py<string>(`registry('scheduled', 'retries').get_scheduled_time(id)`, { id: later })
    // A minute after it failed, which was between the two times; to the second.
    expect(Date.parse(due) - 60_000).toBeGreaterThan(since - 1000)
    expect(Date.parse(due) - 60_000).toBeLessThan(Date.now() + 1000)
  })

  test('callbacks with dotted names run in our horse', async () => {
    const [good, bad] = await site.py<string[]>(`
import tasks
q = queue('callbacks')
[q.enqueue('tasks.add', 1, 2, on_success=tasks.on_success).id,
 q.enqueue('tasks.fail', 'x', on_failure=tasks.on_failure).id]`)
    await burst('callbacks')
    expect(await site.client.lrange('test:callbacks', 0, -1)).toEqual([
      `typescript success ${good} 3`,
      `typescript failure ${bad} TypeError`,
    ])
  })

  test('a job enqueued with at_front runs first', async () => {
    await site.py(`
q = queue('front')
q.enqueue('tasks.note', 'test:front', 'first')
q.enqueue('tasks.note', 'test:front', 'urgent', at_front=True)
None`)
    await burst('front')
    expect(await site.client.lrange('test:front', 0, -1)).toEqual(['urgent', 'first'])
  })

  test('a job fails with the reason where we lack its function, and Python can requeue it for a Python worker', async () => {
    const id = await site.py<string>(`queue('unknown').enqueue('only_python.square', 12).id`)
    await burst('unknown')
    const failed = await describeJob(id)
    expect(failed.status).toBe('failed')
    expect(failed.exc_info).toMatch(/RQ_FUNCTION_NOT_FOUND|Cannot load "only_python\.square"/)
    await site.py(`fetch(id).requeue()`, { id })
    await site.pythonWorker('unknown', { burst: true }).exited
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 144 })
    const ours = await Job.fetch(id, { connection: site.redis.url, serializer: 'json' })
    expect((await ours.results()).map(({ type }) => type)).toEqual(['successful', 'failed'])
    expect(await ours.returnValue()).toBe(144)
  })

  test('our worker runs a job that a Python scheduler promotes', async () => {
    const id = await site.py<string>(
      `import datetime; queue('due').enqueue_in(datetime.timedelta(seconds=0), 'tasks.add', 20, 22).id`,
    )
    expect((await describeJob(id)).status).toBe('scheduled')
    await site.pythonWorker('somewhere-else', { burst: true }).exited
    expect((await describeJob(id)).status).toBe('scheduled')
    await site.py(`
from rq.scheduler import RQScheduler
scheduler = RQScheduler(['due'], connection=conn, serializer=JSONSerializer)
scheduler.acquire_locks()
scheduler.enqueue_scheduled_jobs()
scheduler.release_locks()`)
    await burst('due')
    expect(await describeJob(id)).toMatchObject({ status: 'finished', return_value: 42 })
  })

  test('our scheduler promotes jobs that Python scheduled, a delayed retry, and a job for the front', async () => {
    const ids = await site.py<string[]>(`
import datetime
q = queue('promoted')
retried = q.enqueue('tasks.fail_until', 'test:promoted', 1, retry=Retry(max=1, interval=1))
soon = datetime.timedelta(seconds=1)
[retried.id, q.enqueue_in(soon, 'tasks.add', 1, 2).id, q.enqueue_in(soon, 'tasks.add', 3, 4, at_front=True).id]`)
    await burst('promoted')
    expect((await Promise.all(ids.map(describeJob))).map((job) => job.status)).toEqual(ids.map(() => 'scheduled'))
    await using storage = new RedisStorage({ connection: site.redis.url })
    const scheduler = new Scheduler('promoted', { storage, interval: 0.1 })
    await scheduler.start()
    await eventually(async () => expect(await site.client.llen('rq:queue:promoted')).toBe(3))
    await scheduler.stop()
    expect(await site.client.lindex('rq:queue:promoted', 0)).toBe(ids[2])
    await burst('promoted')
    const jobs = await Promise.all(ids.map(describeJob))
    expect(jobs.map((job) => [job.status, job.return_value])).toEqual([
      ['finished', 2],
      ['finished', 3],
      ['finished', 7],
    ])
  })

  test("jobs of Python wait for ours, and follow Python's rules when one fails", async () => {
    const queue = site.queue('families')
    const good = await queue.enqueue('tasks.echo', [40])
    const bad = await queue.enqueue('tasks.fail', ['x'])
    const [waits, tolerant, strict] = await site.py<string[]>(
      `
q = queue('families')
[q.enqueue('tasks.sum_of_dependencies', 2, depends_on=good).id,
 q.enqueue('tasks.echo', 'anyway', depends_on=Dependency(jobs=[fetch(good), fetch(bad)], allow_failure=True)).id,
 q.enqueue('tasks.echo', 'never', depends_on=[good, bad]).id]`,
      { good: good.id, bad: bad.id },
    )
    await burst('families')
    expect(await describeJob(waits)).toMatchObject({ status: 'finished', return_value: 42 })
    expect(await describeJob(tolerant)).toMatchObject({ status: 'finished', return_value: 'anyway' })
    expect(await describeJob(strict)).toMatchObject({ status: 'deferred' })
    expect(await site.py(`registry('deferred', 'families').get_job_ids()`)).toEqual([strict])
  })

  test('a pickled job fails with an explanation, is stored unchanged, and Python can requeue it', async () => {
    const id = await site.py<string>(`
from rq.serializers import DefaultSerializer
queue('pickled', serializer=DefaultSerializer).enqueue('only_python.square', 5, meta={'kept': {1, 2}}).id`)
    const before = await site.client.hgetBuffer(`rq:job:${id}`, 'data')
    await burst('pickled')
    const explanation = await site.py<string>(`fetch(id, DefaultSerializer).latest_result().exc_string`, { id })
    expect(explanation).toMatch(/looks like a Python pickle; its producer should use JSONSerializer of RQ/)
    expect(await site.client.hgetBuffer(`rq:job:${id}`, 'data')).toEqual(before)
    await site.py(`fetch(id, DefaultSerializer).requeue()`, { id })
    await site.pythonWorker('pickled', { burst: true, pickle: true }).exited
    const read = `job = fetch(id, DefaultSerializer); [job.get_status(), job.return_value(), sorted(job.meta['kept'])]`
    expect(await site.py(read, { id })).toEqual(['finished', 25, [1, 2]])
    await site.py('fetch(id, DefaultSerializer).delete()', { id })
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
