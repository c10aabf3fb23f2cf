import { eventually } from '@rq/testkit'
import { CronScheduler, Webhook } from 'rq'
import { describe, expect, test } from 'vitest'
import { python, type Site, withPython, withSite } from '../src/index.ts'

function isSince(least: readonly [number, number], version = ''): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > least[0] || (major === least[0] && minor >= least[1])
}

/** From these versions on, RQ's record of a cron scheduler lists its jobs, and RQ has webhooks. */
const WITH_JOBS = [2, 7] as const
const WITH_WEBHOOKS = [2, 10] as const

/** Everything that Python reads of cron schedulers, by name. */
const READ = `
from rq.cron import CronScheduler
{s.name: {
  'hostname': s.hostname, 'pid': s.pid, 'config_file': s.config_file, 'beats': s.last_heartbeat is not None,
  'jobs': [{
    'func_name': j.func_name, 'queue_name': j.queue_name, 'args': list(j.args), 'kwargs': j.kwargs,
    'interval': j.interval, 'cron': j.cron, 'latest': j.latest_enqueue_time, 'next': j.next_enqueue_time,
    'options': {k: v for k, v in j.job_options.items() if k != 'webhooks'},
    'webhooks': [w.url for w in j.job_options.get('webhooks', [])],
  } for j in s.get_jobs()],
} for s in CronScheduler.all(conn)}`

interface Read {
  readonly [name: string]: Record<string, unknown> & { readonly jobs: readonly Record<string, unknown>[] }
}

/** Cron strings that together use every kind of syntax. */
const TEXTS = [
  ...[
    '*/5 0-23/2 1,15 * MON-FRI',
    '@daily',
    '30 0 9 * * MON',
    '*/10 * * * * *',
    '? ? 1 * ?',
    '0 0 L * *',
    '0 0 LW * *',
  ],
  ...['0 0 15W,1 * *', '0 0 * * FRI#2', '0 0 * * FRI#L', '0 0 * * 5L', '0 0 * * 1-2#L', '0 0 * * 1-3#2', '0 0 29 2 *'],
  ...['0 0 * * FRI#2,1', '0 0 * * MON#L,FRI#1', '0 12 1 * +MON', '0 0 * JAN-MAR,12 0,7'],
]

describe.skipIf(!isSince(WITH_JOBS, python?.version))(withPython('records of cron schedulers'), () => {
  let site: Site
  withSite((opened) => {
    site = opened
  })

  const where = () => ({ connection: site.redis.url })

  test('of ours are read by Python, with every kind of job', async () => {
    await using scheduler = new CronScheduler({ ...where(), name: 'ours' })
    scheduler.register('tasks.echo', {
      queueName: 'cron',
      interval: 3600,
      args: [{ a: 1 }],
      kwargs: { b: 2 },
      jobTimeout: '5m',
      resultTtl: 60,
      ttl: 120,
      failureTtl: 180,
      meta: { by: 'cron' },
      webhooks: [new Webhook('http://example.org/hook', 'failed', { method: 'POST', headers: { a: 'b' } })],
      catchUp: 'all',
      overlap: 'skip',
    })
    scheduler.register('tasks.echo', { queueName: 'cron', cron: '0 9 * * *', args: [1n], timezone: 'Asia/Tokyo' })
    for (const cron of TEXTS) scheduler.register('tasks.echo', { queueName: 'cron', cron, args: [1] })
    await scheduler.start()
    await eventually(async () => {
      const { ours } = await site.py<Read>(READ)
      expect(ours?.jobs[0]?.latest).toBeTruthy()
    })
    const { ours } = await site.py<Read>(READ)
    expect(ours).toMatchObject({ hostname: scheduler.hostname, pid: process.pid, config_file: '', beats: true })
    expect(ours?.jobs).toHaveLength(2 + TEXTS.length)
    expect(ours?.jobs[0]).toMatchObject({
      func_name: 'tasks.echo',
      queue_name: 'cron',
      args: [{ a: 1 }],
      kwargs: { b: 2 },
      interval: 3600,
      cron: null,
      options: { job_timeout: 300, result_ttl: 60, ttl: 120, failure_ttl: 180, meta: { by: 'cron' } },
    })
    expect(ours?.jobs[1]).toMatchObject({ interval: null, cron: '0 9 * * *' })
    expect(String(ours?.jobs[1]?.next)).toMatch(/T00:00:00/)
    const urls = isSince(WITH_WEBHOOKS, python?.version) ? ['http://example.org/hook'] : []
    expect(ours?.jobs[0]?.webhooks).toEqual(urls)
  })

  test('of Python are read by us, with the options of their jobs', async () => {
    await site.py(`
import tasks
from rq.cron import CronScheduler
theirs = CronScheduler(conn, name='theirs')
theirs.register(tasks.echo, 'cron', args=(1, 'x'), kwargs={'k': None}, interval=30, job_timeout=60, meta={'m': 1})
theirs.register(tasks.echo, 'cron', args=({1, 2},), cron='0 9 * * 1-5', ttl=10)
theirs.register_birth()
theirs.heartbeat()`)
    const info = await CronScheduler.fetch('theirs', { connection: site.client })
    expect(info.lastHeartbeat).toBeInstanceOf(Date)
    expect(info.pid).toBeGreaterThan(0)
    const [first, second] = info.getJobs()
    expect(first).toMatchObject({
      ...{ name: 'tasks.echo', funcName: 'tasks.echo', queueName: 'cron', interval: 30, cron: null },
      ...{ args: '[1, "x"]', kwargs: '{"k": null}', latestEnqueueTime: null },
      options: { job_timeout: 60, result_ttl: 500, meta: '{"m": 1}' },
    })
    expect(second).toMatchObject({ args: '<not JSON serializable>', cron: '0 9 * * 1-5', options: { ttl: 10 } })
    expect(second?.nextEnqueueTime).toBeInstanceOf(Date)
    const all = await CronScheduler.all({ connection: site.client })
    expect(all.map(({ name }) => name)).toEqual(['theirs'])
    await site.py('theirs.register_death()')
    expect(await CronScheduler.all({ connection: site.client })).toEqual([])
  })

  test('refuse a name that a scheduler of the other side has', async () => {
    await using scheduler = new CronScheduler({ ...where(), name: 'taken' })
    await scheduler.start()
    const register = `
from rq.cron import CronScheduler
CronScheduler(conn, name='taken').register_birth()`
    // RQ's error is lost in its own pipeline; what matters is that the record did not change.
    await site.py(register).catch(() => {})
    const [info] = await CronScheduler.all({ connection: site.client })
    expect(info).toMatchObject({ name: 'taken' })
    await site.py(`CronScheduler(conn, name='python').register_birth()`)
    await using second = new CronScheduler({ ...where(), name: 'python' })
    await expect(second.start()).rejects.toMatchObject({ code: 'RQ_SCHEDULER_NAME_TAKEN' })
  })
})
