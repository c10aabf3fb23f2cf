import { eventually, patience } from '@rq/testkit'
import { Job, JobFailedError } from 'rq'
import { describe, expect, test } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

const JSON_SERIALIZER = 'rq.serializers.JSONSerializer'

describe.skipIf(python === undefined)(withPython('each side manages what the other has'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const where = () => ({ connection: site.redis.url, serializer: 'json' as const })
  const cli = async (...args: string[]) => {
    const rq = site.pythonCli(...args, '--url', site.redis.url)
    expect(await rq.exited, rq.written).toMatchObject({ code: 0 })
    return rq.written
  }
  const begun = (key: string) => eventually(async () => expect(await site.client.llen(key)).toBe(1))

  test('Python deletes jobs of ours in every state without leaving a trace', async () => {
    const queue = site.queue('delete')
    const compact = site.queue('delete', { results: 'hash' })
    const over = [
      await queue.enqueue('tasks.fail', ['x']),
      await queue.enqueue('tasks.echo', [1]),
      await compact.enqueue('tasks.echo', [1]),
    ]
    await site.worker('delete').work({ burst: true })
    const parent = await queue.enqueue('tasks.echo', [1])
    const waiting = [
      await queue.enqueue('tasks.echo', [2], { dependsOn: parent }),
      await queue.enqueueIn('1h', 'tasks.echo', [3]),
      await queue.enqueue('tasks.echo', [4]),
    ]
    await waiting[2]?.cancel()
    const ids = [...over, ...waiting, parent].map(({ id }) => id)
    await site.py('for id in ids: fetch(id).delete()', { ids })
    expect(await Job.fetchMany(ids, where())).toEqual(ids.map(() => null))
    expect(await site.client.keys('rq:*:delete')).toEqual([])
    // RQ leaves the history of results until it expires.
    const left = (await site.client.keys('rq:*')).filter((key) => ids.some((id) => key.includes(id)))
    expect(left.sort()).toEqual(over.slice(0, 2).map(({ id }) => `rq:results:${id}`))
    for (const key of left) expect(await site.client.ttl(key)).toBeGreaterThan(0)
  })

  test('Python cancels a running job of ours, which still finishes, and deletes one, which does not', async () => {
    const queue = site.queue('running')
    const worker = site.worker('running', { jobMonitoringInterval: 1 })
    const work = worker.work()
    const [canceled, deleted] = [
      await queue.enqueue('tasks.hold', ['test:canceled', 30]),
      await queue.enqueue('tasks.hold', ['test:deleted', 30]),
    ]
    const child = await queue.enqueue('tasks.echo', [1], { dependsOn: canceled })
    await begun('test:canceled')
    // RQ 2 finds the lease by the execution, which the first heartbeat writes.
    await eventually(async () => expect(await canceled.getExecutions()).toHaveLength(1))
    await eventually(async () => expect(await site.client.exists(`rq:executions:${canceled.id}`)).toBe(1))
    await site.py('fetch(id).cancel()', { id: canceled.id })
    expect(await canceled.getStatus()).toBe('canceled')
    await site.client.rpush('test:canceled:go', 1)
    await eventually(async () => expect(await canceled.getStatus()).toBe('finished'))
    expect(await site.py('fetch(id).return_value()', { id: canceled.id })).toBe('held')
    expect(await site.py(`len(registry('canceled', 'running'))`)).toBe(0)
    expect(await child.getStatus()).toBe('deferred')

    await begun('test:deleted')
    await site.py('fetch(id).delete()', { id: deleted.id })
    await eventually(async () => expect(await site.client.zcard('rq:wip:running')).toBe(0))
    const next = await queue.enqueue('tasks.echo', ['next'])
    expect(await next.result({ timeout: patience(60) })).toBe('next')
    await worker.stop()
    await work
    expect(await Job.exists(deleted.id, where())).toBe(false)
    // What is left of it expires, or has expired since it was listed.
    for (const key of await site.client.keys(`rq:*${deleted.id}*`)) expect(await site.client.ttl(key)).not.toBe(-1)
  })

  test("Python's queue.empty, compact and delete have the same effect on our queues as ours", async () => {
    const queue = site.queue('emptied')
    const jobs = await Promise.all([1, 2, 3].map((n) => queue.enqueue('tasks.echo', [n])))
    expect(await site.py(`[queue('emptied').empty(), queue('emptied').count]`)).toEqual([3, 0])
    expect(
      await Job.fetchMany(
        jobs.map(({ id }) => id),
        where(),
      ),
    ).toEqual([null, null, null])
    await queue.enqueue('tasks.echo', [4])
    await site.client.rpush('rq:queue:emptied', 'gone')
    expect(await site.py(`q = queue('emptied'); q.compact(); q.count`)).toBe(1)
    await site.py(`queue('emptied').delete()`)
    expect(await site.py(`'emptied' in [q.name for q in Queue.all(connection=conn)]`)).toBe(false)
    expect(await queue.count()).toBe(0)
  })

  test("ours have the same effect on Python's queues", async () => {
    const queue = site.queue('their-queue')
    const fill = `[queue('their-queue').enqueue('tasks.echo', n).id for n in range(3)]`
    const first = await site.py<string[]>(fill)
    expect(await queue.empty()).toBe(3)
    expect(await site.py(`[Job.exists(id, connection=conn) for id in ids]`, { ids: first })).toEqual([
      false,
      false,
      false,
    ])
    await site.py(fill)
    await site.client.rpush('rq:queue:their-queue', 'gone')
    expect(await queue.compact()).toBe(1)
    expect(await site.py(`queue('their-queue').count`)).toBe(3)
    await queue.delete()
    expect(
      await site.py(`['their-queue' in [q.name for q in Queue.all(connection=conn)], queue('their-queue').count]`),
    ).toEqual([false, 0])
  })

  test('rq requeue, empty, suspend and resume work on our jobs and workers', async () => {
    const queue = site.queue('command-line')
    const failed = await queue.enqueue('tasks.fail', ['x'], { meta: { kept: true } })
    await site.worker('command-line').work({ burst: true })
    await cli('requeue', '--queue', 'command-line', '--serializer', JSON_SERIALIZER, failed.id)
    expect(await failed.getStatus()).toBe('queued')
    expect(await failed.getMeta()).toEqual({ kept: true })
    await cli('suspend')
    expect(await site.worker('command-line').work({ burst: true })).toBe(false)
    expect(await failed.getStatus()).toBe('queued')
    await cli('resume')
    expect(await site.worker('command-line').work({ burst: true })).toBe(true)
    expect(await failed.getStatus()).toBe('failed')
    await queue.enqueue('tasks.echo', [1])
    expect(await cli('empty', 'command-line')).toMatch(/1 jobs removed/)
    expect(await queue.count()).toBe(0)
  })

  test('meta that Python saved with another serializer does not stop a job, and can be written again', async () => {
    const queue = site.queue('pickled-meta')
    const job = await queue.enqueue('tasks.stamp_meta', [], { meta: { user: 7 }, kwargs: { colour: 'grün' } })
    await site.py(
      `
from rq.serializers import DefaultSerializer
conn.hset('rq:job:' + id, 'meta', DefaultSerializer.dumps({'unserialized': b'{"user":7}'}))
None`,
      { id: job.id },
    )
    const read = await Job.fetch(job.id, where())
    expect(Object.keys(read.meta)).toEqual(['unserialized'])
    await site.worker('pickled-meta').work({ burst: true })
    expect(await job.result()).toEqual(['colour', 'language', 'unserialized'])
    expect(await site.py(`fetch(id).meta['colour']`, { id: job.id })).toBe('grün')
  })

  test('Python changes meta while our worker runs the job, and reads what the job then writes', async () => {
    const queue = site.queue('meta-meanwhile')
    const worker = site.worker('meta-meanwhile')
    const work = worker.work()
    const job = await queue.enqueue('tasks.hold', ['test:meta', 30], { meta: { a: 1 } })
    await begun('test:meta')
    await site.py(`job = fetch(id); job.meta['b'] = 2; job.save_meta()`, { id: job.id })
    await site.client.rpush('test:meta:go', 1)
    expect(await job.result({ timeout: patience(60) })).toBe('held')
    expect(await job.getMeta()).toEqual({ a: 1, b: 2 })
    await worker.stop()
    await work
  })

  test('a job of Python keeps its times to the microsecond, its call and its retries when we save it', async () => {
    const id = await site.py<string>(
      `queue('saved-by-us').enqueue('tasks.fail_until', 'test:saved', 1, retry=Retry(max=2), meta={'a': 1}).id`,
    )
    const read = () =>
      site.py(
        `job = fetch(id); [job.created_at.isoformat(), job.enqueued_at.isoformat(), job.args, job.meta, job.retries_left, job.timeout]`,
        { id },
      )
    // Times in whole milliseconds would not show a loss of precision.
    await site.py(
      `
from rq.utils import utcformat
import datetime
conn.hset('rq:job:' + id, 'created_at', utcformat(datetime.datetime(2026, 11, 24, 1, 2, 3, 123456)))
None`,
      { id },
    )
    const before = await read()
    expect(before).toEqual([
      expect.stringMatching(/^2026-11-24T01:02:03\.123456/),
      expect.anything(),
      ['test:saved', 1],
      { a: 1 },
      2,
      180,
    ])
    await (await Job.fetch(id, where())).save()
    expect(await read()).toEqual(before)
    await site.pythonWorker('saved-by-us', { burst: true }).exited
    const job = await Job.fetch(id, where())
    expect(await job.result()).toBe(2)
    await job.save()
    expect(await site.py(`fetch(id).return_value()`, { id })).toBe(2)
  })

  test('each side reads who ran a failed job of the other, when it ran, and why it failed', async () => {
    const theirs = await site.py<string>(`queue('who').enqueue('tasks.fail', 'out of ink').id`)
    await site.pythonWorker('who', { burst: true, name: 'python-who' }).exited
    const job = await Job.fetch(theirs, where())
    expect(job.workerName).toBe('python-who')
    await expect(job.result()).rejects.toBeInstanceOf(JobFailedError)
    const ours = await site.queue('who').enqueue('tasks.fail', ['out of ink'])
    await site.worker('who', { name: 'typescript-who' }).work({ burst: true })
    expect(await site.py(`fetch(id).worker_name`, { id: ours.id })).toBe('typescript-who')
    // Those that failed in the same second are in the order of their ids.
    expect(await site.py(`sorted(registry('failed', 'who').get_job_ids())`)).toEqual([theirs, ours.id].sort())
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })

  test('Python saves, cancels, requeues and deletes signed jobs; what Python enqueues is refused', async () => {
    const keys = { k: Buffer.alloc(32, 'k') }
    const queue = site.queue('signed', { sign: { keys, active: 'k' } })
    const saved = await queue.enqueue('tasks.echo', ['saved'], { onSuccess: 'tasks.echo' })
    const requeued = await queue.enqueue('tasks.fail', ['x'])
    const deleted = await queue.enqueue('tasks.echo', ['deleted'])
    const canceled = await queue.enqueue('tasks.echo', ['canceled'])
    const forged = await site.py<string>(
      `
job = fetch(saved)
job.description = 'by Python'
job.save()
fetch(deleted).delete()
fetch(canceled).cancel()
queue('signed').enqueue('tasks.echo', 'forged').id`,
      { saved: saved.id, deleted: deleted.id, canceled: canceled.id },
    )
    const worker = site.worker('signed', { requireSignature: { keys } })
    await worker.work({ burst: true })
    expect(await saved.result()).toBe('saved')
    const error = (await (await Job.fetch(forged, where())).latestResult())?.excString
    expect(error).toContain('RqError [RQ_SIGNATURE]')
    await site.py('fetch(id).requeue()', { id: requeued.id })
    await worker.work({ burst: true })
    const errors = (await requeued.results()).map(({ excString }) => excString)
    expect(errors).toEqual([1, 2].map(() => expect.not.stringContaining('RQ_SIGNATURE')))
    expect(await Job.exists(deleted.id, where())).toBe(false)
    expect(await canceled.getStatus()).toBe('canceled')
  })
})
