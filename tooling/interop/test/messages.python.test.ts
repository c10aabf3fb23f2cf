import { Job } from 'rq'
import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('messages of running jobs'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  test('a loop over the messages of a job that Python runs ends with the job, and Python does not see the posts', async () => {
    const queue = site.queue('messages')
    const job = await queue.enqueue('tasks.hold', ['test:messages', 30])
    await job.post({ to: 'a job that cannot read it' })
    const ended = job.messages().next()
    const worker = site.pythonWorker('messages', { burst: true })
    await site.client.rpush('test:messages:go', 1)
    expect(await ended).toEqual({ done: true, value: undefined })
    expect((await worker.exited).code).toBe(0)
    expect(await job.result({ timeout: 60 })).toBe('held')
    expect(await site.py('[fetch(id).return_value(), fetch(id).get_status()]', { id: job.id })).toEqual([
      'held',
      'finished',
    ])
    expect(await site.client.ttl(`rq:posts:${job.id}`)).toBeGreaterThan(0)
  })

  test('Python deletes a job with posts: they expire, and another job of its id has none', async () => {
    const queue = site.queue('deleted-messages')
    const job = await queue.enqueue('tasks.echo', [1], { jobId: 'with-posts' })
    await job.post('old')
    await site.py('fetch(id).delete()', { id: job.id })
    await expect(job.post('new')).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    expect(await site.client.ttl('rq:posts:with-posts')).toBeGreaterThan(0)
    await queue.enqueue('tasks.echo', [2], { jobId: 'with-posts' })
    const again = await Job.fetch('with-posts', { connection: site.redis.url, serializer: 'json' })
    await again.post('new')
    expect(await site.client.llen('rq:posts:with-posts')).toBe(1)
  })
})
