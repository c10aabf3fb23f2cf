import { hostname } from 'node:os'
import { SimpleWorker } from 'rq'
import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

describe('info', () => {
  async function cliWithTwoQueues(): Promise<CliFixture> {
    const cli = await CliFixture.open()
    for (let index = 0; index < 3; index++) await cli.enqueued('jobs.echo')
    await cli.enqueued('jobs.fails', '--queue', 'low')
    await cli.burst('low')
    return cli
  }

  test('shows queues with bars, workers, totals and the time', async () => {
    await using cli = await cliWithTwoQueues()
    const { code, out } = await cli.run(['info'])
    expect(code).toBe(0)
    expect(out).toMatch(
      new RegExp(
        [
          '^default      \\|███ 3, 0 executing, 0 finished, 0 failed',
          'low          \\| 0, 0 executing, 0 finished, 1 failed',
          '2 queues, 3 jobs total',
          'Failed jobs are kept for a year by default; `rq-cli configure` limits them.',
          '',
          '0 workers, 2 queues',
          '',
          'Updated: \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d\n$',
        ].join('\n'),
      ),
    )
  })

  test('--raw has no bars and no totals', async () => {
    await using cli = await cliWithTwoQueues()
    const { out } = await cli.run(['info', '-r'])
    expect(out).toBe(
      'queue default 3, 0 executing, 0 finished, 0 failed\nqueue low 0, 0 executing, 0 finished, 1 failed\n',
    )
  })

  test('shows only queues, only workers, only some queues, or workers by queue', async () => {
    await using cli = await cliWithTwoQueues()
    const worker = new SimpleWorker(['low', 'other'], { ...cli.where, name: 'worker-1' })
    const working = worker.work()
    await new Promise<void>((resolve) => {
      worker.once('worker:started', () => resolve())
    })
    try {
      const escaped = `worker-1 \\(${hostname()} ${process.pid}\\)`
      expect((await cli.run(['info', '-W'])).out).toMatch(
        new RegExp(`^${escaped}: (started|idle) low, other\\. jobs: 0 finished, 0 failed\n1 worker, 2 queues`),
      )
      expect((await cli.run(['info', '-W', '-r'])).out).toMatch(
        new RegExp(`^worker ${escaped} (started|idle) low, other\\. jobs: 0 finished, 0 failed\n$`),
      )
      expect((await cli.run(['info', '-Q'])).out).not.toContain('worker')
      expect((await cli.run(['info', '-W', '-R'])).out).toMatch(/^default: –\nlow: {5}worker-1 \((started|idle)\)\n/)
      const named = await cli.run(['info', 'default', '-r'])
      expect(named.out).toBe('queue default 3, 0 executing, 0 finished, 0 failed\n')
      const { workers } = JSON.parse((await cli.run(['info', '--json'])).out)
      expect(workers).toMatchObject([
        { name: 'worker-1', pid: process.pid, queues: ['low', 'other'], currentJob: null },
      ])
    } finally {
      await worker.stop()
      await working
    }
  })

  test('--json prints one document', async () => {
    await using cli = await cliWithTwoQueues()
    const { out } = await cli.run(['info', '--json'])
    const nothing = { executing: 0, finished: 0, failed: 0, deferred: 0, scheduled: 0, canceled: 0, rateLimited: 0 }
    expect(JSON.parse(out)).toEqual({
      queues: [
        { name: 'default', ...nothing, count: 3, paused: false, oldestQueuedSeconds: expect.any(Number) },
        { name: 'low', ...nothing, count: 0, failed: 1, paused: false, oldestQueuedSeconds: null },
      ],
      workers: [],
      totals: { queues: 2, jobs: 3, workers: 0 },
      suspended: false,
      updatedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    })
  })

  test('--interval refreshes in place until an interrupt', async () => {
    await using cli = await cliWithTwoQueues()
    const host = cli.host({ terminal: true, env: {} })
    const running = host.run('info', '-i', '0.01', '--prefix', cli.redis.prefix)
    await host.written(/Updated[\s\S]*Updated/)
    host.interrupt()
    expect(await running).toBe(0)
    expect(host.out.startsWith('\x1b[2J\x1b[H')).toBe(true)
    expect(host.out.split('\x1b[2J')).toHaveLength(2)
    expect(host.out.split('\x1b[H').length).toBeGreaterThan(2)
  })

  test('--interval may be longer than a timer of Node.js', async () => {
    await using cli = await cliWithTwoQueues()
    const host = cli.host({ terminal: true, env: {} })
    const running = host.run('info', '-i', '30d', '--prefix', cli.redis.prefix)
    await host.written(/Updated/)
    await cli.run(['info'])
    host.interrupt()
    expect(await running).toBe(0)
    expect(host.out.match(/Updated/g)).toHaveLength(1)
  })

  test('--interval --json prints one document per line', async () => {
    await using cli = await cliWithTwoQueues()
    const host = cli.host()
    const running = host.run('info', '-i', '0.01', '--json', '--prefix', cli.redis.prefix)
    await host.written(/\n.*\n/)
    host.interrupt()
    expect(await running).toBe(0)
    for (const line of host.out.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('totals')
  })

  test('colours appear on terminals only, unless turned off', async () => {
    await using cli = await cliWithTwoQueues()
    expect((await cli.run(['info'], { terminal: true })).out).toContain('\x1b[32m|███\x1b[39m')
    for (const [args, options] of [
      [['info'], {}],
      [['info'], { terminal: true, env: { NO_COLOR: '1' } }],
      [['info', '--no-color'], { terminal: true }],
      [['info'], { terminal: true, env: { TERM: 'dumb' } }],
    ] as const) {
      expect((await cli.run(args, options)).out).not.toContain('\x1b')
    }
  })

  test('escapes control characters in names from Redis', async () => {
    await using cli = await CliFixture.open({ tolerate: /owned/ })
    const { client, prefix } = cli.redis
    const name = '\x1b]0;owned\x07\u202ex'
    await client.sadd(`${prefix}workers`, `${prefix}worker:${name}`)
    await client.hset(`${prefix}worker:${name}`, { queues: name, state: name, hostname: name, pid: '1', birth: '' })
    for (const args of [['info'], ['info', '-r'], ['info', '--json'], ['info', '-R']]) {
      const { out } = await cli.run(args, { terminal: true })
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(out.replaceAll(/\x1b\[(2|22|1|3\d|39)m/g, '')).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
    }
  })
})
