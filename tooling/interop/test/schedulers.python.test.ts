import { eventually, isRunning, patience } from '@rq/testkit'
import { Scheduler } from 'rq'
import { describe, expect, test } from 'vitest'
import { ONCE, python, type Site, withPython, withSite } from '../src/index.ts'

describe.skipIf(python === undefined)(withPython('schedulers of both languages'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const holder = (queue: string) => site.client.get(`rq:scheduler-lock:${queue}`)
  const passes = async (ms: number) => {
    const since = Date.now()
    await eventually(() => Date.now() - since > ms)
  }
  /** Starts a scheduler of ours, which is stopped at the end of the scope. */
  const standby = async (queue: string) => {
    const scheduler = new Scheduler(queue, { connection: site.redis.url, interval: 0.05, leaseMs: 6000 })
    await scheduler.start()
    return Object.assign(scheduler, { [Symbol.asyncDispose]: () => scheduler.stop() })
  }
  const newPythonScheduler = `
from rq.scheduler import RQScheduler
scheduler = RQScheduler([name], connection=conn, serializer=JSONSerializer)`

  test('only the side that holds the lock of a queue promotes its jobs', async () => {
    const queue = site.queue('locked')
    await site.py(`${newPythonScheduler}\nassert scheduler.acquire_locks() == {name}`, { name: 'locked' })
    await using ours = await standby('locked')
    const job = await queue.enqueueIn(1, 'tasks.add', [1, 2])
    await passes(1600)
    expect(await job.getStatus()).toBe('scheduled')
    await site.py('scheduler.release_locks()')
    await eventually(async () => expect(await job.getStatus()).toBe('queued'))
    expect(await site.py(`sorted(scheduler.acquire_locks())`)).toEqual([])
    expect(await site.py(`isinstance(queue('locked').scheduler_pid, int)`)).toBe(true)
    await ours.stop()
    expect(await site.py(`sorted(scheduler.acquire_locks())`)).toEqual(['locked'])
    await site.py('scheduler.release_locks()')
  })

  test('ours takes over from a killed Python worker with a scheduler when its lock has expired', async () => {
    const queue = site.queue('theirs-killed')
    const theirs = site.pythonWorker('theirs-killed', { with_scheduler: true })
    await eventually(async () => expect(await holder('theirs-killed')).not.toBe(null))
    await using _ours = await standby('theirs-killed')
    const before = await queue.enqueueIn(1, 'tasks.add', [1, 2])
    expect(await before.result({ timeout: patience(60) })).toBe(3)
    const lock = await holder('theirs-killed')
    await theirs[Symbol.asyncDispose]()
    const job = await queue.enqueueIn(1, 'tasks.add', [3, 4])
    await passes(1600)
    expect(await job.getStatus()).toBe('scheduled')
    expect(await holder('theirs-killed')).toBe(lock)
    // Python's locks last 61 seconds; let this one expire now.
    await site.client.pexpire('rq:scheduler-lock:theirs-killed', 1)
    await eventually(async () => expect(await job.getStatus()).toBe('queued'))
  })

  test('Python takes over from a killed worker of ours with a scheduler', async () => {
    const queue = site.queue('ours-killed')
    const ours = await site.workerProcess('ours-killed', { withScheduler: true })
    await eventually(async () => expect(await holder('ours-killed')).not.toBe(null))
    await site.py(newPythonScheduler, { name: 'ours-killed' })
    expect(await site.py('sorted(scheduler.acquire_locks())')).toEqual([])
    const before = await queue.enqueueIn(1, 'tasks.language')
    expect(await before.result({ timeout: patience(60) })).toBe('typescript')
    const job = await queue.enqueueIn('1h', 'tasks.language')
    ours.kill('SIGKILL')
    await ours.exited
    expect(isRunning(ours.pid)).toBe(false)
    await eventually(async () => expect(await holder('ours-killed')).toBe(null))
    expect(await job.getStatus()).toBe('scheduled')
    // Due only now: ours could have run it before it was killed.
    await site.client.zadd('rq:scheduled:ours-killed', 'XX', 1, job.id)
    await using _theirs = site.pythonWorker('ours-killed', { with_scheduler: true })
    expect(await job.result({ timeout: patience(60) })).toBe('python')
  })

  test('ours leads on when a Python scheduler stops, which deletes the locks of all its queues', async () => {
    await using ours = await standby('kept')
    await eventually(() => ours.ledQueues.length === 1)
    await using theirs = site.pythonWorker(['kept', 'own'], { with_scheduler: true })
    const job = await site.queue('own').enqueueIn(1, 'tasks.language')
    expect(await job.result({ timeout: patience(60) })).toBe('python')
    expect(await holder('own')).not.toBe(null)
    expect(await holder('kept')).toBe(ours.name)
    theirs.kill()
    await theirs.exited
    expect(await holder('own')).toBe(null)
    // Its next renewal also takes a lock that is free.
    await eventually(async () => expect(await holder('kept')).toBe(ours.name))
    const next = await site.queue('kept').enqueueIn(1, 'tasks.language')
    await eventually(async () => expect(await next.getStatus()).toBe('queued'))
    expect(await holder('kept')).toBe(ours.name)
  })

  test('Python can read every key that is left', ONCE, async () => {
    expect(await site.unreadable()).toEqual([])
  })
})
