import { eventually } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('a worker of queues with a concurrency each'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  test('is one worker to Python, which enqueues to all its queues', async () => {
    const worker = site.worker({ ingest: 2, mail: { horse: 'thread' } }, { name: 'many' })
    const ended = worker.work({ withScheduler: false })
    const seen = () => site.py(`[describe_worker(worker) for worker in Worker.all(connection=conn)]`)
    await eventually(async () =>
      expect(await seen()).toMatchObject([{ name: 'many', state: 'idle', queues: ['ingest', 'mail'] }]),
    )
    const workersOf = `[len(Worker.all(queue=queue(name))) for name in ('ingest', 'mail', 'other')]`
    expect(await site.py(workersOf)).toEqual([1, 1, 0])

    const ids = await site.py<string[]>(`[queue(name).enqueue('tasks.language').id for name in ('ingest', 'mail')]`)
    const jobs = () => site.py<object[]>(`[describe(fetch(id)) for id in ids]`, { ids })
    const done = { status: 'finished', worker_name: 'many', return_value: 'typescript' }
    await eventually(async () =>
      expect(await jobs()).toMatchObject([
        { ...done, origin: 'ingest' },
        { ...done, origin: 'mail' },
      ]),
    )
    await eventually(async () => expect(await seen()).toMatchObject([{ state: 'idle', successful_job_count: 2 }]))
    await worker.stop()
    await ended
    expect(await seen()).toEqual([])
    expect(await site.unreadable()).toEqual([])
  })
})
