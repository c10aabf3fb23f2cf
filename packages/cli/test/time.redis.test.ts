import { eventually, makeProject, redisFixture } from '@rq/testkit'
import { CronScheduler, Queue } from 'rq'
import { describe, expect, test } from 'vitest'
import { MemoryHost } from './memory-host.ts'

/** Not the fixture's own user: what rq shares for the life of the process would look like a leak. */
const connection = process.env.RQ_TEST_REDIS_URL ?? ''

describe('scheduler', () => {
  test('moves due jobs until a signal', async () => {
    await using redis = await redisFixture()
    const where = { connection, prefix: redis.prefix }
    await using queue = new Queue('low', where)
    const host = new MemoryHost({ env: { RQ_REDIS_URL: connection } })
    const ended = host.run('scheduler', 'low', '--prefix', redis.prefix, '--name', 'main')
    await queue.enqueueIn('0.2', 'jobs.work')
    await eventually(async () => (await queue.count()) === 1)
    expect(await redis.client.get(`${redis.prefix}scheduler-lock:low`)).toBe('main')
    host.interrupt('SIGTERM')
    expect(await ended).toBe(0)
    expect(await redis.client.exists(`${redis.prefix}scheduler-lock:low`)).toBe(0)
    expect(host.err).toContain('moves due jobs into low')
    expect(host.out).toBe('')
  })

  test.each([
    [['scheduler', '--interval', 'often'], 2, '--interval'],
    [['scheduler', 'a\nb'], 2, 'queues'],
    [['cron'], 2, 'cron'],
    [['cron', 'missing.js'], 2, 'There is no cron config'],
  ])('%j ends with %i', async (args, code, message) => {
    const host = new MemoryHost({ env: { RQ_REDIS_URL: connection } })
    expect(await host.run(...(args as [string, ...string[]]))).toBe(code)
    expect(host.err).toContain(message)
  })
})

describe('cron', () => {
  test('enqueues the jobs that a module registers until a signal', async () => {
    await using redis = await redisFixture()
    const where = { connection, prefix: redis.prefix }
    await using queue = new Queue('default', where)
    const config =
      "globalThis[Symbol.for('rq.cron.pending')].push(['./jobs#work', { queueName: 'default', interval: 3600, name: 'hourly' }])"
    await using project = await makeProject({ 'cron.config.mjs': config })
    const host = new MemoryHost({ folder: project.dir, env: { RQ_REDIS_URL: connection } })
    const ended = host.run('cron', 'cron.config.mjs', '--prefix', redis.prefix)
    await eventually(async () => (await queue.count()) === 1)
    const [info] = await CronScheduler.all(where)
    expect(info?.getJobs()).toMatchObject([{ name: 'hourly', funcName: './jobs#work', interval: 3600 }])
    host.interrupt('SIGINT')
    expect(await ended).toBe(0)
    expect(await CronScheduler.all(where)).toEqual([])
  })
})
