import { eventually, isRunning, patience } from '@rq/testkit'
import {
  isSuspended,
  Job,
  resume,
  sendKillHorseCommand,
  sendPauseCommand,
  sendShutdownCommand,
  sendStopJobCommand,
  suspend,
} from 'rq'
import { describe, expect, test } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('each side commands the other'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const status = (...ids: string[]) => site.py('[fetch(id).get_status() for id in ids]', { ids })
  const started = (key: string) => eventually(async () => Number((await site.client.lindex(key, 0)) ?? Number.NaN) > 0)

  test('Python cancels our jobs in every waiting state', async () => {
    const queue = site.queue('cancel-ours')
    const queued = await queue.enqueue('tasks.echo', [1])
    const parent = await queue.enqueue('tasks.echo', [2])
    const deferred = await queue.enqueue('tasks.echo', [3], { dependsOn: parent })
    const scheduled = await queue.enqueueIn('1h', 'tasks.echo', [4])
    await site.py('for id in ids: fetch(id).cancel()', { ids: [queued.id, deferred.id, scheduled.id] })
    expect(await status(queued.id, deferred.id, scheduled.id)).toEqual(['canceled', 'canceled', 'canceled'])
    expect(await queue.getJobIds()).toEqual([parent.id])
    expect(await queue.deferredJobRegistry.count()).toBe(0)
    expect(await queue.scheduledJobRegistry.count()).toBe(0)
    expect(await queue.canceledJobRegistry.count()).toBe(3)
    await site.worker('cancel-ours').work({ burst: true })
    expect(await status(parent.id, deferred.id)).toEqual(['finished', 'canceled'])
  })

  test('Python cancels a job of ours and releases its dependents', async () => {
    const queue = site.queue('cancel-parent')
    const parent = await queue.enqueue('tasks.echo', [1])
    const child = await queue.enqueue('tasks.echo', ['child'], { dependsOn: parent })
    await site.py('fetch(id).cancel(enqueue_dependents=True)', { id: parent.id })
    expect(await status(parent.id, child.id)).toEqual(['canceled', 'queued'])
    await site.worker('cancel-parent').work({ burst: true })
    expect(await child.result()).toBe('child')
  })

  test('we cancel, requeue and delete jobs of Python', async () => {
    const [queued, parent, child, failed] = await site.py<string[]>(`
q = queue('cancel-theirs')
failed = q.enqueue('tasks.fail', 'x')
SimpleWorker = rq.SimpleWorker
SimpleWorker([q], connection=conn, serializer=JSONSerializer).work(burst=True)
parent = q.enqueue('tasks.echo', 1)
[q.enqueue('tasks.echo', 0).id, parent.id, q.enqueue('tasks.echo', 'child', depends_on=parent).id, failed.id]`)
    const handle = (id?: string) => Job.fetch(id ?? '', { connection: site.redis.url, serializer: 'json' })
    await (await handle(queued)).cancel()
    await (await handle(parent)).cancel({ enqueueDependents: true })
    await (await handle(failed)).requeue({ atFront: true })
    expect(await status(queued ?? '', parent ?? '', child ?? '', failed ?? '')).toEqual([
      'canceled',
      'canceled',
      'queued',
      'queued',
    ])
    expect(await site.py(`[queue('cancel-theirs').job_ids, len(registry('failed', 'cancel-theirs'))]`)).toEqual([
      [failed, child],
      0,
    ])
    await (await handle(child)).delete()
    expect(await site.py(`[Job.exists(id, connection=conn), queue('cancel-theirs').job_ids]`, { id: child })).toEqual([
      false,
      [failed],
    ])
  })

  test('Python requeues a failed job of ours, which runs again here', async () => {
    const queue = site.queue('requeue-ours')
    const job = await queue.enqueue('tasks.fail_until', ['test:requeue', 1])
    await site.worker('requeue-ours').work({ burst: true })
    expect(await job.getStatus()).toBe('failed')
    await site.py(`requeue_job(id, connection=conn, serializer=JSONSerializer)`, { id: job.id })
    expect(await job.getStatus()).toBe('queued')
    await site.worker('requeue-ours').work({ burst: true })
    expect(await job.result()).toBe(2)
    expect(await site.py(`[r.type.name for r in fetch(id).results()]`, { id: job.id })).toEqual([
      'SUCCESSFUL',
      'FAILED',
    ])
  })

  test('Python stops a job that our worker runs', async () => {
    const queue = site.queue('stop-ours')
    const worker = site.worker('stop-ours')
    const work = worker.work()
    const job = await queue.enqueue('tasks.hold', ['test:stop-ours', 30])
    await started('test:stop-ours')
    await site.py(`send_stop_job_command(conn, id, serializer=JSONSerializer)`, { id: job.id })
    await expect(job.result({ timeout: patience(60) })).rejects.toMatchObject({ code: 'RQ_JOB_STOPPED' })
    expect(await status(job.id)).toEqual(['stopped'])
    expect(await site.py(`registry('failed', 'stop-ours').get_job_ids()`)).toEqual([job.id])
    expect(await site.py(`fetch(id).latest_result().exc_string`, { id: job.id })).toMatch(/^Job stopped by user/)
    await worker.stop()
    await work
  })

  test('we stop a job that a Python worker runs, including one that we had run before', async () => {
    const queue = site.queue('stop-theirs')
    const job = await queue.enqueue('only_python.hold_again', ['test:stop-theirs', 30])
    await site.worker('stop-theirs').work({ burst: true })
    expect(await job.getStatus()).toBe('failed')
    await site.py(`fetch(id).requeue()`, { id: job.id })
    await using _worker = site.pythonWorker('stop-theirs')
    await started('test:stop-theirs')
    await sendStopJobCommand(site.redis.url, job.id)
    await eventually(async () => (await job.getStatus()) === 'stopped')
    expect((await job.latestResult())?.excString).toBe('Job stopped by user, work-horse terminated.')
  })

  test('shutdown commands stop a worker of the other side after its job', async () => {
    const queue = site.queue('shutdown')
    const ours = site.worker('shutdown', { name: 'ours-to-end' })
    const work = ours.work()
    const first = await queue.enqueue('tasks.hold', ['test:shutdown-ours', 30])
    await started('test:shutdown-ours')
    await site.py(`send_shutdown_command(conn, 'ours-to-end')`)
    await eventually(async () =>
      expect(await site.client.hget('rq:worker:ours-to-end', 'shutdown_requested_date')).toMatch(/Z$/),
    )
    await site.client.rpush('test:shutdown-ours:go', 1)
    expect(await work).toBe(true)
    expect(await first.result()).toBe('held')

    await using theirs = site.pythonWorker('shutdown', { name: 'theirs-to-end' })
    const second = await queue.enqueue('tasks.hold', ['test:shutdown-theirs', 30])
    await started('test:shutdown-theirs')
    await sendShutdownCommand(site.redis.url, 'theirs-to-end')
    await eventually(async () =>
      expect(await site.client.hget('rq:worker:theirs-to-end', 'shutdown_requested_date')).toMatch(/Z$/),
    )
    await site.client.rpush('test:shutdown-theirs:go', 1)
    expect(await theirs.exited).toMatchObject({ code: 0 })
    expect(await second.result()).toBe('held')
  })

  test('kill-horse commands kill the job of a worker of the other side', async () => {
    const queue = site.queue('kill')
    const ours = site.worker('kill', { name: 'ours-to-kill' })
    const work = ours.work()
    const first = await queue.enqueue('tasks.hold', ['test:kill-ours', 30])
    await started('test:kill-ours')
    await site.py(`send_kill_horse_command(conn, 'ours-to-kill')`)
    await expect(first.result({ timeout: patience(60) })).rejects.toThrow(/terminated unexpectedly/)
    await ours.stop()
    await work

    await using _theirs = site.pythonWorker('kill', { name: 'theirs-to-kill' })
    const second = await queue.enqueue('tasks.hold', ['test:kill-theirs', 30])
    await started('test:kill-theirs')
    const pid = Number(await site.client.lindex('test:kill-theirs', 0))
    await sendKillHorseCommand(site.redis.url, 'theirs-to-kill')
    await expect(second.result({ timeout: patience(60) })).rejects.toThrow(/terminated unexpectedly/)
    expect(isRunning(pid)).toBe(false)
  })

  test('a worker of ours that is paused is an idle one to Python, and leaves the queue to Python workers', async () => {
    const queue = site.queue('paused')
    const ours = site.worker('paused', { name: 'ours-to-pause' })
    ours.pause()
    const work = ours.work()
    const record = () => site.client.hmget('rq:worker:ours-to-pause', 'paused', 'state')
    await eventually(async () => expect(await record()).toEqual(['paused', 'idle']))
    const states = `[w.get_state() for w in rq.Worker.all(connection=conn) if w.name == 'ours-to-pause']`
    expect(await site.py(states)).toEqual(['idle'])
    const job = await queue.enqueue('tasks.echo', ['theirs'])
    await site.pythonWorker('paused', { burst: true }).exited
    expect(await job.result({ timeout: patience(60) })).toBe('theirs')
    await ours.stop()
    await work
  })

  test('a Python worker is not asked to pause, and such a message does it no harm', async () => {
    const queue = site.queue('no-pause')
    await using _theirs = site.pythonWorker('no-pause', { name: 'theirs-to-pause' })
    await eventually(async () => expect(await site.client.exists('rq:worker:theirs-to-pause')).toBe(1))
    await expect(sendPauseCommand(site.redis.url, 'theirs-to-pause')).rejects.toMatchObject({
      code: 'RQ_INVALID_OPERATION',
      message: expect.stringMatching(
        /^Worker 'theirs-to-pause' is a worker of Python RQ, which cannot pause by itself/,
      ),
    })
    await eventually(async () => (await site.client.publish('rq:pubsub:theirs-to-pause', '{"command":"pause"}')) === 1)
    const job = await queue.enqueue('tasks.echo', ['all the same'])
    expect(await job.result({ timeout: patience(60) })).toBe('all the same')
  })

  test('suspending workers on one side suspends them on both', async () => {
    const queue = site.queue('suspended')
    await site.py('suspend(conn)')
    expect(await isSuspended(site.redis.url)).toBe(true)
    await queue.enqueue('tasks.echo', [1])
    await site.worker('suspended').work({ burst: true })
    await site.pythonWorker('suspended', { burst: true }).exited
    expect(await queue.count()).toBe(1)
    await resume(site.redis.url)
    expect(await site.py('bool(is_suspended(conn))')).toBe(false)
    await suspend(site.redis.url, { duration: 60 })
    expect(await site.py('bool(is_suspended(conn))')).toBe(true)
    await site.py('resume(conn)')
    await site.worker('suspended').work({ burst: true })
    expect(await queue.count()).toBe(0)
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
