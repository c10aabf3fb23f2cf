import { eventually, findPythonFaults, patience } from '@rq/testkit'
import { Callback, CronScheduler, Group, Queue, Repeat, Retry, Scheduler } from 'rq'
import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

const [major = 0, minor = 0] = (python?.version ?? '0.0').split('.').map(Number)

interface Everything {
  readonly queues: Record<string, Record<string, unknown>>
  readonly jobs: Record<string, { readonly status: string; readonly executions: unknown[] }>
  readonly workers: { readonly state: string; readonly current_job_id: string | null }[]
  readonly suspended: boolean
  readonly groups: Record<string, string[]>
  readonly crons: Record<string, { readonly jobs: unknown[] }>
  readonly schedulers: Record<string, unknown>
}

describe.skipIf(python === undefined)(withPython("Python's classes read all that we write"), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  test('while jobs of every kind run and wait, schedulers lead, and workers are suspended', async () => {
    const connection = site.redis.url
    const queue = site.queue('zoo')
    const over = [
      await queue.enqueue('tasks.fail', ['x'], { failureTtl: -1 }),
      await queue.enqueue('tasks.echo', [1], { resultTtl: -1 }),
      await site.queue('zoo', { results: 'hash' }).enqueue('tasks.echo', [{ a: 1 }]),
      await queue.enqueue('tasks.fail', ['x'], { retry: new Retry({ max: 1, interval: 60 }) }),
      await queue.enqueue('tasks.echo', [1], { repeat: new Repeat({ times: 2, interval: 60 }) }),
    ]
    await site.worker('zoo').work({ burst: true, withScheduler: false })

    const worker = site.worker('zoo', { jobMonitoringInterval: 1 })
    const work = worker.work({ withScheduler: false })
    const running = await queue.enqueue('tasks.hold', ['test:zoo', 50], {
      retry: new Retry({ max: 3, interval: [1, 2], enqueueAtFront: true }),
      onSuccess: new Callback('tasks.on_success', { timeout: 5 }),
      onFailure: 'tasks.on_failure',
      jobTimeout: -1,
      ttl: 600,
      resultTtl: 600,
      failureTtl: 600,
      meta: { text: 'ü\u0000' },
      description: 'Ein Auftrag: 世界',
    })
    await eventually(async () => expect(await site.client.exists(`rq:executions:${running.id}`)).toBe(1))
    await site.py('suspend(conn)')
    const waiting = await queue.enqueue('tasks.echo', [1], { ttl: 600, atFront: true })
    const deferred = await queue.enqueue('tasks.echo', [2], { dependsOn: [waiting, running] })
    const scheduled = await queue.enqueueIn('1h', 'tasks.echo', [3], { atFront: true, dependsOn: waiting })
    const canceled = await queue.enqueue('tasks.echo', [4])
    await canceled.cancel()
    const group = Group.create({ connection, serializer: 'json', name: 'herd' })
    const grouped = await group.enqueueMany(queue, [Queue.prepareData('tasks.add', [1, 2])])
    const scheduler = new Scheduler('zoo', { connection })
    await scheduler.start()
    const crons = new CronScheduler({ connection, serializer: 'json', name: 'clockwork' })
    crons.register('tasks.echo', { queueName: 'zoo', args: [1], cron: '0 3 * * *' })
    crons.register('tasks.greet', {
      queueName: 'zoo',
      args: ['Ada'],
      kwargs: { greeting: 'ü' },
      interval: 3600,
      meta: { a: 1 },
      resultTtl: 60,
    })
    await crons.start()
    await eventually(async () => expect(await site.client.exists('rq:cron_scheduler:clockwork')).toBe(1))
    await eventually(async () => expect(scheduler.ledQueues).toEqual(['zoo']))

    expect(await findPythonFaults(site.client)).toEqual([])
    const read = await site.py<Everything>('read_everything()')
    const statusOf = (id = '') => read.jobs[id]?.status
    expect(over.map(({ id }) => statusOf(id))).toEqual(['failed', 'finished', 'finished', 'scheduled', 'scheduled'])
    expect([running, waiting, deferred, scheduled, canceled, grouped[0]].map((job) => statusOf(job?.id))).toEqual([
      'started',
      'queued',
      'deferred',
      'scheduled',
      'canceled',
      'queued',
    ])
    expect(read.workers).toMatchObject([
      { state: expect.stringMatching(/^(busy|suspended)$/), current_job_id: running.id },
    ])
    expect(read.suspended).toBe(true)
    // Up to RQ 2.9 it is the scheduler's name, a number too long for JSON.
    expect(String(read.queues.zoo?.scheduler_pid)).toMatch(/^\d+$/)
    if (major >= 2) {
      expect(read.jobs[running.id]?.executions).toHaveLength(1)
      expect(read.groups.herd).toEqual([grouped[0]?.id])
    }
    if (major >= 2 && minor >= 6) {
      expect(read.crons.clockwork?.jobs).toEqual([
        ['tasks.echo', 'zoo', null, '0 3 * * *'],
        ['tasks.greet', 'zoo', 3600, null],
      ])
    }
    if (major >= 2 && minor >= 10) expect(Object.keys(read.schedulers)).toEqual([scheduler.name])
    expect(await site.pythonCli('info', '--url', connection).exited).toMatchObject({ code: 0 })

    await site.py('resume(conn)')
    await site.client.rpush('test:zoo:go', 1)
    expect(await running.result({ timeout: patience(60) })).toBe('held')
    await eventually(async () => expect(await deferred.getStatus()).toBe('finished'))
    await Promise.all([crons.stop(), scheduler.stop(), worker.stop()])
    await work
    expect(await site.unreadable()).toEqual([])
  })
})
