import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { eventually, faultProxy, makeProject, type TempDir } from '@rq/testkit'
import { Queue, SimpleWorker } from 'rq'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

const JOBS = `
export const echo = (...values) => values
export const add = (x, y) => Number(x) + Number(y)
export const fails = () => { throw new RangeError('out of \\u001b[2Jrange') }
export const nothing = () => {}
`

let project: TempDir

beforeAll(async () => {
  project = await makeProject({ 'jobs.mjs': JOBS, 'data.json': '{"from": ["file"]}' })
})

afterAll(async () => {
  await project[Symbol.asyncDispose]()
})

/** `tolerate`: faults of the keys that the test makes itself. */
function cliFixture(tolerate?: RegExp): Promise<CliFixture> {
  return CliFixture.open(project.dir, tolerate)
}

describe('enqueue', () => {
  test('stores the documented call for every example of the documentation', async () => {
    await using cli = await cliFixture()
    const cases: [string[], unknown[], object][] = [
      [['abc'], ['abc'], {}],
      [['abc=def'], [], { abc: 'def' }],
      [['{"json": "abc"}'], [{ json: 'abc' }], {}],
      [['key={"json": "abc"}'], [], { key: { json: 'abc' } }],
      [['%1, 2'], [[1, 2]], {}],
      [['%None'], [null], {}],
      [['%True'], [true], {}],
      [['key%=(1, 2)'], [], { key: [1, 2] }],
      [['key%={"foo": True}'], [], { key: { foo: true } }],
      [['@data.json'], ['{"from": ["file"]}'], {}],
      [['key=@data.json'], [], { key: '{"from": ["file"]}' }],
      [[':@data.json'], [{ from: ['file'] }], {}],
      [['key:=@data.json'], [], { key: { from: ['file'] } }],
      [
        ['-5', '"quoted"', "'quoted'", '', '1e3', 'help', '--', '--x', '-y'],
        ['-5', '"quoted"', "'quoted'", '', '1e3', 'help', '--x', '-y'],
        {},
      ],
      [['%10n', 'd%=undefined'], [10n], { d: undefined }],
    ]
    for (const [given, args, kwargs] of cases) {
      const job = await cli.enqueued('path.to.func', ...given)
      expect(job.funcName).toBe('path.to.func')
      expect(job.args).toStrictEqual(args)
      expect(job.kwargs).toStrictEqual(kwargs)
    }
  })

  test('prints the call and the job id as RQ does', async () => {
    await using cli = await cliFixture()
    const { out } = await cli.run(['enqueue', 'path.to.func', 'abc', 'key:=1', '--job-id', 'one'])
    expect(out).toBe("Enqueued path.to.func('abc', key=1) with job-id 'one'.\n")
    expect(await cli.run(['enqueue', 'path.to.func', '--quiet'])).toMatchObject({ code: 0, out: '', err: '' })
    expect(await cli.queue().count()).toBe(2)
  })

  test('applies every option', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('a.b', '--job-id', 'first', '-q', 'low')
    const job = await cli.enqueued(
      ...['a.b', 'x', '--queue', 'low', '--timeout', '2m', '--result-ttl', '-1', '--ttl', '1h', '--failure-ttl', '90'],
      ...['--description', 'a b c', '--job-id', 'mine', '--at-front', '--retry-max', '3', '--unique'],
      ...['--retry-interval', '5', '--retry-interval', '1m', '--meta', '{"a": 1}', '--meta', 'b=2', '--meta', 'c:=3'],
    )
    const [record] = await cli.redis.client.hmget(`${cli.redis.prefix}job:mine`, 'retry_intervals')
    expect(job.id).toBe('mine')
    expect(job.origin).toBe('low')
    expect([job.timeout, job.resultTtl, job.ttl, job.failureTtl]).toEqual([120, -1, 3600, 90])
    expect(job.description).toBe('a b c')
    expect(job.retriesLeft).toBe(3)
    expect(JSON.parse(record ?? '')).toEqual([5, 60])
    expect(job.meta).toEqual({ a: 1, b: '2', c: 3 })
    expect(await cli.queue('low').getJobIds()).toEqual(['mine', 'first'])
    const again = await cli.run(['enqueue', 'a.b', '--queue', 'low', '--job-id', 'mine', '--unique'])
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringContaining('mine already exists') })
  })

  test('--retry-max 0 sets no retries', async () => {
    await using cli = await cliFixture()
    const job = await cli.enqueued('a.b', '--retry-max', '0', '--retry-interval', '5')
    expect(job.retriesLeft).toBe(undefined)
  })

  test('--depends-on defers the job until its dependencies are done', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('a.b', '--job-id', 'one')
    await cli.enqueued('a.b', '--job-id', 'two')
    const job = await cli.enqueued('a.b', '--depends-on', 'one', '--depends-on', 'two')
    expect(job.dependencyIds).toEqual(['one', 'two'])
    expect(await job.getStatus()).toBe('deferred')
  })

  test('--schedule-in and --schedule-at schedule a job', async () => {
    await using cli = await cliFixture()
    const before = Date.now()
    const soon = await cli.enqueued('a.b', '--schedule-in', '10s')
    const later = await cli.enqueued('a.b', '--schedule-at', '2100-05-27T21:45:00')
    const registry = cli.queue().scheduledJobRegistry
    const due = (await registry.getScheduledTime(soon)).getTime()
    expect(due).toBeGreaterThanOrEqual(Math.floor(before / 1000) * 1000 + 9000)
    expect(due).toBeLessThanOrEqual(Date.now() + 11_000)
    expect(await registry.getScheduledTime(later)).toEqual(new Date(2100, 4, 27, 21, 45))
    expect(await cli.queue().count()).toBe(0)
  })

  test('accepts a module as a file, a dotted path or a single word', async () => {
    await using cli = await cliFixture()
    for (const [given, stored] of [
      ['path.to.file', 'path.to.file'],
      ['./path/to/file.js', './path/to/file'],
      ['path/to/file', './path/to/file'],
      ['script.mts', './script'],
      ['jobs', './jobs'],
      ['registered', 'registered'],
      ['./jobs#echo', './jobs#echo'],
      ['@acme/jobs/email#send', '@acme/jobs/email#send'],
    ] as const) {
      expect((await cli.enqueued(given)).funcName).toBe(stored)
    }
  })

  test('--json prints the job', async () => {
    await using cli = await cliFixture()
    const { out } = await cli.run(['enqueue', 'jobs.echo', '%10n', 'k:=[1]', '--job-id', 'one', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      id: 'one',
      queue: 'default',
      status: 'queued',
      function: 'jobs.echo',
      args: ['10'],
      kwargs: { k: [1] },
      description: 'jobs.echo(10, k=[1])',
      timeout: 180,
      startedAt: null,
      meta: {},
    })
  })

  test('--wait prints the result, wherever it is on the command line', async () => {
    await using cli = await cliFixture()
    const worker = new SimpleWorker('default', { ...cli.where, importPaths: [project.dir] })
    const working = worker.work()
    try {
      const { out } = await cli.run(['enqueue', '--wait', 'jobs.add', '1', '2', '--job-id', 'one'])
      expect(out).toBe("Enqueued jobs.add('1', '2') with job-id 'one'.\n3\n")
      expect((await cli.run(['enqueue', 'jobs.echo', 'x', '%None', '--wait', '20', '--quiet'])).out).toBe(
        "[ 'x', null ]\n",
      )
      const json = await cli.run(['enqueue', 'jobs.echo', ':{"a":1}', '--wait=20s', '--json'])
      expect(JSON.parse(json.out)).toMatchObject({ status: 'finished', result: [{ a: 1 }] })
      const failed = await cli.run(['enqueue', 'jobs.fails', '--wait', '--job-id', 'bad'])
      expect(failed.code).toBe(1)
      expect(failed.err).toMatch(/^Error: Job bad failed\.\nRangeError: out of \\x1b\[2Jrange\n {4}at fails /)
    } finally {
      await worker.stop()
      await working
    }
  })

  test('--wait ends when its time is over, and prints the status of the job', async () => {
    await using cli = await cliFixture()
    const { code, err } = await cli.run(['enqueue', 'jobs.add', '--job-id', 'one', '--wait', '0.1'])
    expect(code).toBe(1)
    expect(err).toBe('Error: Job one has not ended within 0.1 s: it is queued.\n')
  })

  test('--serializer selects the serializer', async () => {
    await using cli = await cliFixture()
    await using folder = await makeProject({
      'reverse.mjs': `export const reverse = {
        name: 'reverse',
        dumps: (value) => [...JSON.stringify(value)].reverse().join(''),
        loads: (data) => JSON.parse([...Buffer.from(data).toString()].reverse().join('')),
      }`,
    })
    const args = ['--serializer', './reverse.mjs#reverse']
    const { code } = await cli.run(['enqueue', 'a.b', 'x', '--job-id', 'one', ...args], { folder: folder.dir })
    expect(code).toBe(0)
    const data = await cli.redis.client.hget(`${cli.redis.prefix}job:one`, 'data')
    expect([...(data ?? '')].reverse().join('')).toContain('"a.b"')
    const shown = await cli.run(['job', 'one', '--json', ...args], { folder: folder.dir })
    expect(JSON.parse(shown.out)).toMatchObject({ function: 'a.b', args: ['x'] })
    const json = await cli.run(['enqueue', 'a.b', '%10n', '--serializer', 'json'])
    expect(json.code).toBe(1)
    expect(await cli.queue().count()).toBe(1)
    const unreadable = await cli.run(['job', 'one', '--json'])
    expect(JSON.parse(unreadable.out)).toMatchObject({ function: null, unreadable: expect.any(String) })
  })
})

describe('info', () => {
  async function cliWithTwoQueues(): Promise<CliFixture> {
    const cli = await cliFixture()
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
        new RegExp(`^${escaped}: (started|idle) low, other\\. jobs: 0 finished, 0 failed\n1 workers, 2 queues`),
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
    const nothing = { executing: 0, finished: 0, failed: 0, deferred: 0, scheduled: 0, canceled: 0 }
    expect(JSON.parse(out)).toEqual({
      queues: [
        { name: 'default', ...nothing, count: 3, paused: false },
        { name: 'low', ...nothing, count: 0, failed: 1, paused: false },
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
    await using cli = await cliFixture(/owned/)
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

describe('job', () => {
  test('shows everything about a job, with control characters escaped', async () => {
    await using cli = await cliFixture()
    const { id } = await cli.enqueued('jobs.fails', 'a\x1b[2Jb', '--meta', 'k=v', '--ttl', '60')
    await cli.burst()
    const { code, out } = await cli.run(['job', id])
    expect(code).toBe(0)
    for (const text of [
      `Job          ${id}`,
      'Status       failed',
      'Queue        default',
      'Function     jobs.fails',
      "Arguments    [ 'a\\x1B[2Jb' ]",
      "Meta         { k: 'v' }",
      'Timeout      180 s',
      'TTL          60 s',
      'Result       failed at ',
      'RangeError: out of \\x1b[2Jrange\n        at fails (',
    ]) {
      expect(out).toContain(text)
    }
    expect(out).not.toContain('\x1b')
  })

  test('shows the return value, the dependencies, and why the job waits', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.add', '1', '2', '--job-id', 'parent')
    await cli.enqueued('jobs.echo', '--job-id', 'child', '--depends-on', 'parent')
    expect((await cli.run(['job', 'parent'])).out).toMatch(
      /Queue {8}default, next\nWaiting {6}It is next .* No worker serves the queue: start one\.\n[\s\S]*Dependent {4}child\n/,
    )
    expect((await cli.run(['job', 'child'])).out).toMatch(
      /Status {7}deferred\n[\s\S]*Waiting {6}It waits for parent to end\.\n[\s\S]*Depends on {3}parent \(queued\)\n/,
    )
    await cli.burst()
    expect((await cli.run(['job', 'parent'])).out).toMatch(/Result {7}successful at .*\nReturned {5}3\n/)
  })

  test('--json prints everything', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.add', '1', 'y:=2', '--job-id', 'one')
    await cli.burst()
    const { out } = await cli.run(['job', 'one', '--json'])
    expect(JSON.parse(out)).toMatchObject({
      id: 'one',
      status: 'finished',
      position: null,
      dependencies: [],
      dependents: [],
      executions: [],
      results: [{ type: 'successful', error: null, startedAt: expect.stringMatching(/Z$/) }],
    })
  })

  test.each(['job', 'cancel', 'stop', 'delete'])('%s of a job that is not there ends with 4', async (command) => {
    await using cli = await cliFixture()
    const { code, out, err } = await cli.run([command, 'nope'])
    expect({ code, out }).toEqual({ code: 4, out: '' })
    expect(err).toContain('No job with id nope')
  })
})

describe('jobs', () => {
  test('lists jobs by status and queue, and prints the total', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.fails', '--job-id', 'bad')
    await cli.burst()
    for (const id of ['a', 'b', 'c']) await cli.enqueued('jobs.add', '--job-id', id, '--queue', 'low')
    const all = await cli.run(['jobs'])
    expect(all.out.split('\n')[0]).toMatch(/^ID +STATUS +QUEUE +WHEN +DESCRIPTION$/)
    expect(all.out.match(/^\w+/gm)).toEqual(['ID', 'a', 'b', 'c', 'bad'])
    expect(all.err).toBe('4 jobs\n')
    expect((await cli.run(['jobs', '--status', 'failed'])).out).toMatch(
      /^bad +failed +default .* ago +jobs.fails\(\)$/m,
    )
    const some = await cli.run(['jobs', '--queue', 'low', '--limit', '2', '--json'])
    expect(JSON.parse(some.out)).toMatchObject({ total: 3, jobs: [{ id: 'a', status: 'queued' }, { id: 'b' }] })
    expect((await cli.run(['jobs', '--limit', '2'])).err).toBe('2 of 4 jobs\n')
  })

  test('skips ids in Redis that no job can have, and escapes descriptions', async () => {
    await using cli = await cliFixture(/which is not a job id/)
    await cli.enqueued('a.b', '--job-id', 'one', '--description', 'x\x1b[2J\ny')
    await cli.redis.client.lpush(`${cli.redis.prefix}queue:default`, '../\x1b[2J', 'gone')
    const { code, out } = await cli.run(['jobs'])
    expect(code).toBe(0)
    expect(out).toMatch(/^one .*x\\x1b\[2J\\ny$/m)
    expect(out).not.toContain('\x1b')
  })
})

describe('requeue', () => {
  async function cliWithFailedJobs(count: number): Promise<CliFixture> {
    const cli = await cliFixture()
    const datas = Array.from({ length: count }, (_, index) =>
      Queue.prepareData('jobs.fails', [], { jobId: `f${index}` }),
    )
    await cli.queue().enqueueMany(datas)
    await cli.burst()
    return cli
  }

  test('requeues the given ids', async () => {
    await using cli = await cliWithFailedJobs(3)
    const { code, out, err } = await cli.run(['requeue', '--queue', 'default', 'f0', 'f2'])
    expect({ code, out, err }).toEqual({
      code: 0,
      out: '2 jobs requeued to default queue\n',
      err: 'Requeueing 2 jobs from failed queue\n',
    })
    expect((await cli.queue().getJobIds()).sort()).toEqual(['f0', 'f2'])
    expect(await cli.queue().failedJobRegistry.getJobIds()).toEqual(['f1'])
  })

  test('--all requeues all jobs and shows a progress bar on a terminal', async () => {
    await using cli = await cliWithFailedJobs(250)
    const { code, out, err } = await cli.run(['requeue', '--queue', 'default', '--all'], { terminal: true })
    expect({ code, out }).toEqual({ code: 0, out: '250 jobs requeued to default queue\n' })
    expect(err).toContain('Requeueing')
    expect(await cli.queue().count()).toBe(250)
    expect(await cli.queue().failedJobRegistry.count()).toBe(0)
  })

  test('--all takes seconds for 10,000 jobs, and reports the deleted one', async () => {
    await using cli = await cliFixture()
    const { client, prefix } = cli.redis
    const ids = Array.from({ length: 10_000 }, (_, index) => `f${index}`)
    await cli.queue().enqueueMany(ids.map((jobId) => Queue.prepareData('jobs.fails', [], { jobId })))
    const failing = client.pipeline().del(`${prefix}queue:default`)
    for (const id of ids) failing.hset(`${prefix}job:${id}`, 'status', 'failed')
    failing.zadd(`${prefix}failed:default`, ...ids.flatMap((id) => [9_000_000_000, id]))
    await failing.del(`${prefix}job:f77`).exec()

    const begunMs = performance.now()
    const { code, out, err } = await cli.run(['requeue', '--queue', 'default', '--all'], { terminal: true })
    expect(performance.now() - begunMs).toBeLessThan(30_000)
    expect({ code, out }).toEqual({ code: 1, out: '9999 jobs requeued to default queue\n' })
    expect(err).toContain('0/10000')
    expect(err).toContain('Unable to requeue 1 jobs from failed job registry:\n  f77: No job with id f77')
    expect(await cli.queue().count()).toBe(9999)
  })

  test('reports jobs that cannot be requeued, and ends with 1', async () => {
    await using cli = await cliWithFailedJobs(1)
    await cli.enqueued('a.b', '--job-id', 'queued')
    const { code, out, err } = await cli.run(['requeue', '--queue', 'default', 'f0', 'queued', 'gone'])
    expect({ code, out }).toEqual({ code: 1, out: '1 jobs requeued to default queue\n' })
    expect(err).toContain('Unable to requeue 2 jobs from failed job registry:')
    expect(err).toMatch(/^ {2}queued: .*not in the failed registry/m)
    expect(err).toMatch(/^ {2}gone: No job with id gone/m)
  })
})

describe('empty', () => {
  test('empty deletes the jobs of the given queues, or of all', async () => {
    await using cli = await cliFixture()
    for (const name of ['default', 'low', 'low']) await cli.enqueued('a.b', '--queue', name)
    expect(await cli.run(['empty', 'low', '--yes'])).toMatchObject({ code: 0, out: '2 jobs removed from low queue\n' })
    expect(await cli.run(['empty', '-a'])).toMatchObject({
      code: 0,
      out: '1 jobs removed from default queue\n0 jobs removed from low queue\n',
    })
    expect(await cli.redis.keys()).toEqual([`${cli.redis.prefix}queues`])
  })

  test('empty asks on a terminal, and does nothing without a yes', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('a.b')
    const refused = await cli.run(['empty', 'default'], { answer: false })
    expect(refused).toMatchObject({ code: 1, out: '', questions: ['Delete 1 jobs of default?'] })
    expect(await cli.queue().count()).toBe(1)
    const agreed = await cli.run(['empty', 'default'], { answer: true })
    expect(agreed).toMatchObject({ code: 0, out: '1 jobs removed from default queue\n' })
    const silent = await cli.run(['empty', 'default', '--yes'], { answer: false })
    expect(silent).toMatchObject({ code: 0, questions: [] })
  })
})

describe('cancel, delete, stop', () => {
  test('cancel keeps the job as canceled, and refuses a second time', async () => {
    await using cli = await cliFixture()
    const job = await cli.enqueued('a.b', '--job-id', 'one')
    const refused = await cli.run(['cancel', 'one'], { answer: false })
    expect(refused).toMatchObject({ code: 1, questions: ['Cancel job one (a.b())?'] })
    expect(await job.getStatus()).toBe('queued')
    expect(await cli.run(['cancel', 'one'])).toMatchObject({ code: 0, err: 'Canceled job one.\n' })
    expect(await job.getStatus()).toBe('canceled')
    expect(await cli.run(['cancel', 'one'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('canceled already'),
    })
  })

  test('delete asks, then deletes the job', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('a.b', '--job-id', 'one', '--description', 'evil\x1b[2J')
    const refused = await cli.run(['delete', 'one'], { answer: false })
    expect(refused).toMatchObject({ code: 1, questions: ['Delete job one (queued: evil\\x1b[2J)?'] })
    expect(await cli.run(['delete', 'one', '--yes'])).toMatchObject({ code: 0, err: 'Deleted job one.\n' })
    expect(await cli.run(['delete', 'one'])).toMatchObject({ code: 4 })
  })

  test('stop fails for a job that is not running', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('a.b', '--job-id', 'one')
    expect(await cli.run(['stop', 'one'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('no worker runs it'),
    })
  })
})

describe('suspend and resume', () => {
  test('pause all workers, with or without a duration, and resume them', async () => {
    await using cli = await cliFixture()
    const key = `${cli.redis.prefix}suspended`
    expect(await cli.run(['suspend'])).toMatchObject({ code: 0, out: '' })
    expect(await cli.redis.client.ttl(key)).toBe(-1)
    expect((await cli.run(['info'])).out).toContain('Workers are suspended')
    const worker = await cli.run(['worker', '--burst'])
    expect(worker).toMatchObject({
      code: 1,
      err: expect.stringContaining('Workers are suspended, so this one does not start'),
    })
    expect(await cli.run(['resume'])).toMatchObject({ code: 0 })
    expect(await cli.redis.client.exists(key)).toBe(0)
    expect(await cli.run(['suspend', '--duration', '300'])).toMatchObject({ code: 0 })
    const ttl = await cli.redis.client.ttl(key)
    expect(ttl).toBeGreaterThan(290)
    expect(ttl).toBeLessThanOrEqual(300)
  })

  test('--queue pauses one queue for workers, and info shows it', async () => {
    await using cli = await cliFixture()
    for (const queue of ['default', 'low']) await cli.enqueued('jobs.nothing', '--queue', queue)
    const paused = await cli.run(['suspend', '--queue', 'low', '--duration', '5m'])
    expect(paused).toEqual({
      code: 0,
      out: '',
      err: 'Queue low is paused for 300 seconds. Running jobs finish; no new jobs start.\n',
      questions: [],
    })
    const ttl = await cli.redis.client.ttl(`${cli.redis.prefix}paused:low`)
    expect(ttl).toBeGreaterThan(290)
    expect(ttl).toBeLessThanOrEqual(300)
    const shown = await cli.run(['info'], { terminal: true })
    expect(shown.out).toContain(' 1, 0 executing, 0 finished, 0 failed, \x1b[33mpaused\x1b[39m\n')
    expect(shown.out).not.toMatch(/^default .*paused/m)
    expect((await cli.run(['info', '--raw', 'low'])).out).toBe(
      'queue low 1, 0 executing, 0 finished, 0 failed, paused\n',
    )
    const { queues, suspended } = JSON.parse((await cli.run(['info', '--json'])).out)
    expect(queues).toMatchObject([{ paused: false }, { paused: true }])
    expect(suspended).toBe(false)
    await cli.run(['worker', 'default', 'low', '--burst', '--horse', 'inline'])
    expect([await cli.queue().count(), await cli.queue('low').count()]).toEqual([0, 1])
    const resumed = await cli.run(['resume', '--queue', 'low', '--queue', 'default'])
    expect(resumed.err).toBe('Queue low is resumed.\nQueue default was not paused.\n')
    await cli.run(['worker', 'low', '--burst', '--horse', 'inline'])
    expect(await cli.queue('low').count()).toBe(0)
  })

  test('--queue pauses without a limit unless --duration sets one', async () => {
    await using cli = await cliFixture()
    const { err } = await cli.run(['suspend', '--queue', 'low', '--queue', 'high'])
    expect(err).toMatch(/^Queue low is paused until `rq-cli resume --queue low`\. .*\nQueue high is paused/)
    const ttls = ['low', 'high'].map((name) => cli.redis.client.ttl(`${cli.redis.prefix}paused:${name}`))
    expect(await Promise.all(ttls)).toEqual([-1, -1])
  })
})

describe('worker', () => {
  const inline = ['--horse', 'inline', '--burst', '--name', 'w1']

  test('processes the queues and logs as RQ does', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.add', '1', '2', '--job-id', 'good')
    await cli.enqueued('jobs.fails', '--job-id', 'bad', '--queue', 'low')
    const { code, out, err } = await cli.run(['worker', 'default', 'low', ...inline])
    expect({ code, out }).toEqual({ code: 0, out: '' })
    const lines = err.split('\n')
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d Worker w1 started, listening on default, low$/)
    expect(err).toMatch(
      /^\d\d:\d\d:\d\d default: jobs\.add\('1', '2'\) \(good\)\n\d\d:\d\d:\d\d default: Job OK \(good\), took \d+ ms$/m,
    )
    expect(err).toMatch(/^\d\d:\d\d:\d\d low: Job failed \(bad\).*\nRangeError: out of \\x1b\[2Jrange\n {4}at fails /m)
    expect(err).not.toContain('\x1b')
  })

  test('--log-format json logs JSON', async () => {
    await using cli = await cliFixture()
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
  })

  test('--quiet, --disable-job-desc-logging and --date-format change the log', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.nothing', 'secret', '--job-id', 'one')
    const bare = await cli.run(['worker', ...inline, '--disable-job-desc-logging'])
    expect(bare.err).toMatch(/^\d\d:\d\d:\d\d default: one$/m)
    expect(bare.err).not.toContain('secret')
    await cli.enqueued('jobs.nothing')
    expect((await cli.run(['worker', ...inline, '--quiet'])).err).toBe('')
    expect((await cli.run(['worker', ...inline, '--date-format', '%Y'])).err).toMatch(/^\d{4} Worker w1 started/)
  })

  test('--max-jobs ends the worker, and --pid writes its process id', async () => {
    await using cli = await cliFixture()
    for (let index = 0; index < 3; index++) await cli.enqueued('jobs.nothing')
    const { code } = await cli.run(['worker', '--horse', 'inline', '--max-jobs', '1', '--pid', 'worker.pid'])
    expect(code).toBe(0)
    expect(await cli.queue().count()).toBe(2)
    expect(await readFile(project.path('worker.pid'), 'utf8')).toBe('4711')
  })

  test('takes queues, name and folder from the configuration unless flags override them', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.add', '1', '2', '--queue', 'low', '--job-id', 'one')
    const config = { queues: ['low'], name: 'from-config', path: '.', horse: 'inline' }
    const { err } = await cli.run(['worker', '--burst'], { config })
    expect(err).toContain('Worker from-config started, listening on low')
    expect(err).toContain('low: Job OK (one)')
    const named = await cli.run(['worker', 'other', '--burst', '--name', 'flag'], { config })
    expect(named.err).toContain('Worker flag started, listening on other')
  })

  test('calls exception handlers in the order given, until one returns false', async () => {
    await using cli = await cliFixture()
    await using folder = await makeProject({
      'jobs.mjs': JOBS,
      'handlers.mjs': `
        import { appendFile } from 'node:fs/promises'
        const note = (text) => appendFile(new URL('noted.txt', import.meta.url), text + '\\n')
        export const first = (job, error) => note('first ' + job.id + ' ' + error.name)
        export const second = (job) => note('second ' + job.id).then(() => false)
        export const third = () => note('third')`,
    })
    await cli.enqueued('jobs.fails', '--job-id', 'bad')
    const handlers = ['first', 'second', 'third'].flatMap((name) => ['--exception-handler', `./handlers#${name}`])
    await cli.run(['worker', ...inline, ...handlers], { folder: folder.dir })
    expect(await readFile(folder.path('noted.txt'), 'utf8')).toBe('first bad RangeError\nsecond bad\n')
    expect(await cli.queue().failedJobRegistry.getJobIds()).toEqual(['bad'])
  })

  test('--disable-default-exception-handler keeps failed jobs out of the registry', async () => {
    await using cli = await cliFixture(/is nowhere and does not expire$/)
    const job = await cli.enqueued('jobs.fails')
    await cli.run(['worker', ...inline, '--disable-default-exception-handler'])
    expect(await job.getStatus()).toBe('failed')
    expect(await cli.queue().failedJobRegistry.count()).toBe(0)
  })

  test('--results-ttl keeps results, and --dequeue-strategy round_robin serves queues in turn', async () => {
    await using cli = await cliFixture()
    for (const id of ['a1', 'a2']) await cli.enqueued('jobs.nothing', '--job-id', id)
    for (const id of ['b1', 'b2']) await cli.enqueued('jobs.nothing', '--job-id', id, '--queue', 'low')
    const args = ['default', 'low', '--dequeue-strategy', 'round_robin', '--results-ttl', '2m']
    const { err } = await cli.run(['worker', ...args, ...inline])
    expect([...err.matchAll(/Job OK \((..)\)/g)].map(([, id]) => id)).toEqual(['a1', 'b1', 'a2', 'b2'])
    const ttl = await cli.redis.client.ttl(`${cli.redis.prefix}job:a1`)
    expect(ttl).toBeGreaterThan(100)
    expect(ttl).toBeLessThanOrEqual(120)
  })

  test('--with-scheduler moves scheduled jobs, and --max-idle-time ends an idle worker', async () => {
    await using cli = await cliFixture()
    const { client, prefix } = cli.redis
    await cli.enqueued('jobs.nothing', '--schedule-in', '1', '--job-id', 'soon')
    const args = ['--horse', 'inline', '--name', 'w1', '--with-scheduler', '--max-idle-time', '3', '--worker-ttl', '50']
    const running = cli.run(['worker', ...args])
    const ttl = await eventually(async () => {
      const seconds = await client.ttl(`${prefix}worker:w1`)
      expect(seconds).toBeGreaterThan(0)
      return seconds
    })
    expect(ttl).toBeLessThanOrEqual(110)
    const { code, err } = await running
    expect(code).toBe(0)
    expect(err).toContain('Job OK (soon)')
  })

  test('--logging-level sets the minimum level', async () => {
    await using cli = await cliFixture()
    await cli.enqueued('jobs.fails', '--job-id', 'bad')
    const { err } = await cli.run(['worker', ...inline, '--logging-level', 'ERROR'])
    expect(err).toMatch(/^\d\d:\d\d:\d\d default: Job failed \(bad\)/)
    expect(err).not.toContain('started')
  })

  test('refuses a name that a living worker has', async () => {
    await using cli = await cliFixture(/^worker w1 /)
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

test('a Redis that is too old ends a command with 1 and a message', async () => {
  await using cli = await cliFixture()
  // What Redis 6 answers to a script that names its engine.
  const message = "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'"
  await using proxy = await faultProxy(cli.url, {
    onCommand: ({ name }) => (name === 'enqueue' ? { kind: 'error', message } : undefined),
  })
  const { code, out, err } = await cli.run(['enqueue', 'a.b', '--url', proxy.url])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^Error: Redis at redis:.* is too old: rq needs Redis 7\.0 or Valkey 7\.2, or newer.*\n$/)
})
