import { readFile } from 'node:fs/promises'
import { eventually } from '@rq/testkit'
import { describe, expect, test } from 'vitest'
import { CliFixture, FILES } from './cli-fixture.ts'

describe('worker', () => {
  const inline = ['--horse', 'inline', '--burst', '--name', 'w1']

  test('processes the queues and logs as RQ does', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.add', '1', '2', '--job-id', 'good')
    await cli.enqueued('jobs.fails', '--job-id', 'bad', '--queue', 'low')
    const { code, out, err } = await cli.run(['worker', 'default', 'low', ...inline])
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const lines = err.split('\n')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d Worker w1 started, listening on default, low$/)
    expect(err).toMatch(
      /^\d\d:\d\d:\d\d default: jobs\.add\('1', '2'\) \(good\)\n\d\d:\d\d:\d\d default: Job OK \(good\), took [\d.]+ m?s$/m,
    )
    expect(err).toMatch(
      /^\d\d:\d\d:\d\d low: Job failed \(bad\).*\n\| RangeError: out of \\x1b\[2Jrange\n\| {5}at fails /m,
    )
    expect(err).not.toContain('\x1b')
  })

  test('--log-format json logs JSON', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.fails', '--job-id', 'bad')
    const { err } = await cli.run(['worker', ...inline, '--log-format', 'json'])
    const entries = err
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    for (const entry of entries)
      expect(entry).toMatchObject({ time: expect.stringMatching(/Z$/), level: expect.any(String) })
    expect(entries.find(({ level }) => level === 'error')).toMatchObject({
      message: 'default: Job failed (bad)',
      error: expect.stringContaining('RangeError: out of \x1b[2Jrange'),
    })
    const about = entries.filter(({ message }) => message.includes('(bad)'))
    const facts = { jobId: 'bad', queue: 'default', function: 'jobs.fails', worker: 'w1', attempt: 1 }
    expect(about).toMatchObject([facts, { ...facts, tookMs: expect.any(Number) }])
  })

  test('logs a failed attempt that is retried as that, and the stack of an error without frames of rq', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.fails', '--job-id', 'bad', '--retry-max', '2')
    const { err } = await cli.run(['worker', ...inline])
    const lines = err.split('\n').map((line) => line.slice(9))
    expect(lines.filter((line) => /failed/.test(line)).map((line) => line.replace(/, took.*/, ''))).toEqual([
      'default: Attempt 1 of 3 failed, next at once (bad)',
      'default: Attempt 2 of 3 failed, next at once (bad)',
      'default: Job failed, attempt 3 of 3 (bad)',
    ])
    expect(err.match(/RangeError: out of/g)).toHaveLength(3)
    expect(err).toMatch(/^\| {5}\.\.\. \d+ frames of rq and Node\.js$/m)
    expect(err).not.toMatch(/node:internal|packages\/queue/)
  })

  test('--quiet, --disable-job-desc-logging and --date-format change the log', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.nothing', 'secret', '--job-id', 'one')
    const bare = await cli.run(['worker', ...inline, '--disable-job-desc-logging'])
    expect(bare.err).toMatch(/^\d\d:\d\d:\d\d default: one$/m)
    expect(bare.err).not.toContain('secret')
    await cli.enqueued('jobs.nothing')
    expect((await cli.run(['worker', ...inline, '--quiet'])).err).toBe('')
    expect((await cli.run(['worker', ...inline, '--date-format', '%Y'])).err).toMatch(/^\d{4} Worker w1 started/)
  })

  test('--size-limit sets limits, and says what is wrong with one', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.add', '20', '3', '--job-id', 'one')
    expect((await cli.run(['worker', ...inline, '--size-limit', 'result=1', '--size-limit', 'meta=1kb'])).err).toMatch(
      /Too large: return value of jobs\.add, \d+ bytes; the limit is 1\. .*limits\.result/,
    )
    for (const [limit, message] of [
      ['result=much', /^Error: Invalid --size-limit result: got "much", expected a number of bytes/],
      ['results=1mb', /^Error: Invalid --size-limit: got "results", expected 'result'/],
      ['result', /^Error: Invalid --size-limit result: got "", expected a number of bytes/],
    ] as const) {
      const { code, err } = await cli.run(['worker', ...inline, '--size-limit', limit])
      expect(code).toBe(2)
      expect(err).toMatch(message)
    }
  })

  test('--max-jobs ends the worker, and --pid writes its process id', async () => {
    await using cli = await CliFixture.open()
    for (let index = 0; index < 3; index++) await cli.enqueued('jobs.nothing')
    const { code } = await cli.run(['worker', '--horse', 'inline', '--max-jobs', '1', '--pid', 'worker.pid'])
    expect(code).toBe(0)
    expect(await cli.queue().count()).toBe(2)
    expect(await readFile(cli.project.path('worker.pid'), 'utf8')).toBe('4711')
  })

  test('takes queues, name and folder from the configuration unless flags override them', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.add', '1', '2', '--queue', 'low', '--job-id', 'one')
    const config = { queues: ['low'], name: 'from-config', path: '.', horse: 'inline' }
    const { err } = await cli.run(['worker', '--burst'], { config })
    expect(err).toContain('Worker from-config started, listening on low')
    expect(err).toContain('low: Job OK (one)')
    const named = await cli.run(['worker', 'other', '--burst', '--name', 'flag'], { config })
    expect(named.err).toContain('Worker flag started, listening on other')
  })

  test('calls exception handlers in the order given, until one returns false', async () => {
    const handlerModule = `
      import { appendFile } from 'node:fs/promises'
      const note = (text) => appendFile(new URL('noted.txt', import.meta.url), text + '\\n')
      export const first = (job, error) => note('first ' + job.id + ' ' + error.name)
      export const second = (job) => note('second ' + job.id).then(() => false)
      export const third = () => note('third')`
    await using cli = await CliFixture.open({ files: { ...FILES, 'handlers.mjs': handlerModule } })
    await cli.enqueued('jobs.fails', '--job-id', 'bad')
    const handlers = ['first', 'second', 'third'].flatMap((name) => ['--exception-handler', `./handlers#${name}`])
    await cli.run(['worker', ...inline, ...handlers])
    expect(await readFile(cli.project.path('noted.txt'), 'utf8')).toBe('first bad RangeError\nsecond bad\n')
    expect(await cli.queue().failedJobRegistry.getJobIds()).toEqual(['bad'])
  })

  test.each(['process', 'inline'])(
    'refuses an exception handler that does not exist, at its start: %s',
    async (horse) => {
      await using cli = await CliFixture.open()
      await cli.enqueued('jobs.nothing')
      for (const reference of ['./nope#x', 'nope.x', 'x', './../up#x']) {
        const { code, err } = await cli.run(['worker', '--burst', '--horse', horse, '--exception-handler', reference])
        expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('Invalid --exception-handler: ') })
        expect(err).toContain(JSON.stringify(reference))
      }
      const pool = await cli.run(['worker-pool', '--burst', '--exception-handler', './nope#x'])
      expect(pool).toMatchObject({ code: 2, err: expect.stringContaining('there is no module ./nope') })
      expect(await cli.queue().count()).toBe(1)
    },
  )

  test.each(['process', 'thread', 'inline'])(
    'refuses an exception handler that its module does not export, at its start: %s',
    async (horse) => {
      await using cli = await CliFixture.open()
      await cli.enqueued('jobs.nothing')
      for (const reference of ['./jobs#nope', 'jobs.nope']) {
        const { code, err } = await cli.run(['worker', '--burst', '--horse', horse, '--exception-handler', reference])
        expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('Invalid --exception-handler: ') })
        expect(err).toContain('jobs.mjs was imported, but')
      }
      expect(await cli.queue().count()).toBe(1)
    },
  )

  test('does not start a pool with it either', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.nothing')
    const { code, err } = await cli.run(['worker-pool', '--burst', '--exception-handler', './jobs#nope'])
    expect(code).not.toBe(0)
    expect(err).toContain('jobs.mjs was imported, but')
    expect(await cli.queue().count()).toBe(1)
  })

  test('refuses a folder of the configuration that does not exist', async () => {
    await using cli = await CliFixture.open()
    const { code, err } = await cli.run(['worker', ...inline], { config: { path: ['.', './no/such'] } })
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringContaining('expected a folder that exists') })
  })

  test('--disable-default-exception-handler keeps failed jobs out of the registry', async () => {
    await using cli = await CliFixture.open({ tolerate: /is nowhere and does not expire$/ })
    const job = await cli.enqueued('jobs.fails')
    await cli.run(['worker', ...inline, '--disable-default-exception-handler'])
    expect(await job.getStatus()).toBe('failed')
    expect(await cli.queue().failedJobRegistry.count()).toBe(0)
  })

  test('--results-ttl keeps results, and --dequeue-strategy round_robin serves queues in turn', async () => {
    await using cli = await CliFixture.open()
    for (const id of ['a1', 'a2']) await cli.enqueued('jobs.nothing', '--job-id', id)
    for (const id of ['b1', 'b2']) await cli.enqueued('jobs.nothing', '--job-id', id, '--queue', 'low')
    const args = ['default', 'low', '--dequeue-strategy', 'round_robin', '--results-ttl', '2m']
    const { err } = await cli.run(['worker', ...args, ...inline])
    expect([...err.matchAll(/Job OK \((..)\)/g)].map(([, id]) => id)).toEqual(['a1', 'b1', 'a2', 'b2'])
    const ttl = await cli.redis.client.ttl(`${cli.redis.prefix}job:a1`)
    expect(ttl).toBeGreaterThan(100)
    expect(ttl).toBeLessThanOrEqual(120)
  })

  test('--no-scheduler leaves scheduled jobs where they are', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.nothing', '--schedule-in', '1', '--job-id', 'due')
    await eventually(async () => (await cli.run(['job', 'due'])).out.includes('It was due at'))
    const { code, err } = await cli.run(['worker', ...inline, '--no-scheduler'])
    expect(code).toBe(0)
    expect(err).not.toContain('Job OK')
    const both = await cli.run(['worker', ...inline, '--no-scheduler', '--with-scheduler'])
    expect(both).toMatchObject({ code: 2, err: expect.stringContaining('cannot be used together') })
    expect((await cli.run(['worker', ...inline, '-s'])).err).toContain('Job OK (due)')
  })

  test('moves scheduled jobs, and --worker-ttl sets how long its record is kept', async () => {
    await using cli = await CliFixture.open()
    const { client, prefix } = cli.redis
    const args = ['--horse', 'inline', '--name', 'w1', '--max-jobs', '1', '--worker-ttl', '50']
    const running = cli.run(['worker', ...args])
    const ttl = await eventually(async () => {
      const seconds = await client.ttl(`${prefix}worker:w1`)
      expect(seconds).toBeGreaterThan(0)
      return seconds
    })
    expect(ttl).toBeLessThanOrEqual(110)
    await cli.enqueued('jobs.nothing', '--schedule-in', '1', '--job-id', 'soon')
    const { code, err } = await running
    expect(code).toBe(0)
    expect(err).toContain('Job OK (soon)')
  })

  test('--max-idle-time ends an idle worker', async () => {
    await using cli = await CliFixture.open()
    expect(await cli.run(['worker', '--horse', 'inline', '--max-idle-time', '1'])).toMatchObject({ code: 0 })
  })

  test('--logging-level sets the minimum level', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.fails', '--job-id', 'bad')
    const { err } = await cli.run(['worker', ...inline, '--logging-level', 'ERROR'])
    expect(err).toMatch(/^\d\d:\d\d:\d\d default: Job failed \(bad\)/)
    expect(err).not.toContain('started')
  })

  test('refuses a name that a living worker has', async () => {
    await using cli = await CliFixture.open({ tolerate: /^worker w1 / })
    const { client, prefix } = cli.redis
    const birth = new Date().toISOString()
    const there = { birth, last_heartbeat: birth, queues: 'default', state: 'idle', hostname: 'elsewhere', pid: '1' }
    await client.hset(`${prefix}worker:w1`, there)
    await client.sadd(`${prefix}workers`, `${prefix}worker:w1`)
    const { code, err } = await cli.run(['worker', ...inline])
    expect(err).toMatch(/^Error: .*w1/)
    expect(code).toBe(1)
  })
})
