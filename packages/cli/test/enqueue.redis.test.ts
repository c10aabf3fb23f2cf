import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { faultProxy, makeProject } from '@rq/testkit'
import { SimpleWorker } from 'rq'
import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

describe('enqueue', () => {
  test('stores the documented call for every example of the documentation', async () => {
    await using cli = await CliFixture.open()
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

  test('keeps integers beyond 2^53; plain JSON, which cannot, refuses them', async () => {
    await using cli = await CliFixture.open()
    const job = await cli.enqueued('a.b', ':9007199254740993', '--meta', 'id:=1234567890123456789')
    expect(job.args).toEqual([9007199254740993n])
    expect(job.meta).toEqual({ id: 1234567890123456789n })
    const refused = await cli.run(['enqueue', 'a.b', ':9007199254740993', '--serializer', 'json'])
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringContaining('JSON has no BigInt') })
    expect(await cli.queue().count()).toBe(1)
  })

  test('prints the call and the job id as RQ does', async () => {
    await using cli = await CliFixture.open()
    const { out } = await cli.run(['enqueue', 'path.to.func', 'abc', 'key:=1', '--job-id', 'one'])
    expect(out).toBe("Enqueued path.to.func('abc', key=1) with job-id 'one'.\n")
    expect(await cli.run(['enqueue', 'path.to.func', '--quiet'])).toMatchObject({ code: 0, out: '', err: '' })
    expect(await cli.queue().count()).toBe(2)
  })

  test('applies every option', async () => {
    await using cli = await CliFixture.open()
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

  test('--unique-key shows, refuses or replaces the job that holds the key', async () => {
    await using cli = await CliFixture.open()
    const first = await cli.enqueued('a.b', '--unique-key', 'k', '--unique-until', 'started', '--unique-for', '10s')
    const again = await cli.run(['enqueue', 'c.d', '--unique-key', 'k'])
    expect(again.out).toBe(`Nothing was enqueued: its key is held by a.b() with job-id '${first.id}'.\n`)
    const shown = JSON.parse((await cli.run(['enqueue', 'c.d', '--unique-key', 'k', '--json'])).out)
    expect(shown).toMatchObject({ id: first.id, isDuplicate: true, uniqueKey: 'k' })
    expect((await cli.run(['job', first.id])).out).toMatch(/^Unique key +k$/m)
    const refused = await cli.run(['enqueue', 'c.d', '--unique-key', 'k', '--on-duplicate', 'refuse'])
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('holds the key "k"') })
    const last = await cli.enqueued('c.d', '--unique-key', 'k', '--on-duplicate', 'replace')
    expect(await cli.queue('default').getJobIds()).toEqual([last.id])
    const wrong = await cli.run(['enqueue', 'a.b', '--unique-key', 'k', '--unique-for', '0'])
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('--unique-for') })
    expect((await cli.run(['enqueue', 'a.b', '--unique-until', 'done'])).code).toBe(2)
    expect((await cli.run(['enqueue', 'a.b', '--job-id', 'x', '--unique', '--unique-key', 'k'])).code).toBe(2)
  })

  test('--retry-on names the function that decides about retries', async () => {
    await using cli = await CliFixture.open()
    const job = await cli.enqueued('a.b', '--retry-max', '2', '--retry-on', './errors.js#isTransient')
    const shown = await cli.run(['job', job.id])
    expect(shown.out).toMatch(/^Attempt +1 of 3$/m)
    expect(await cli.redis.client.hget(`${cli.redis.prefix}job:${job.id}`, 'retry_on')).toBe('./errors.js#isTransient')
    expect(await cli.run(['enqueue', 'a.b', '--retry-on', 'c.d'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--retry-max'),
    })
    const wrong = await cli.run(['enqueue', 'a.b', '--retry-max', '1', '--retry-on', '#'])
    expect(wrong).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Not a function reference') })
  })

  test('--retry-max 0 sets no retries', async () => {
    await using cli = await CliFixture.open()
    const job = await cli.enqueued('a.b', '--retry-max', '0', '--retry-interval', '5')
    expect(job.retriesLeft).toBe(undefined)
  })

  test('--depends-on defers the job until its dependencies are done', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('a.b', '--job-id', 'one')
    await cli.enqueued('a.b', '--job-id', 'two')
    const job = await cli.enqueued('a.b', '--depends-on', 'one', '--depends-on', 'two')
    expect(job.dependencyIds).toEqual(['one', 'two'])
    expect(await job.getStatus()).toBe('deferred')
  })

  test('--schedule-in and --schedule-at schedule a job', async () => {
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
    await writeFile(join(cli.project.dir, 'größe.js'), '')
    for (const [given, stored] of [
      ['path.to.file', 'path.to.file'],
      ['./path/to/file.js', './path/to/file'],
      ['path/to/file', './path/to/file'],
      ['script.mts', './script'],
      ['jobs', './jobs'],
      ['größe', './größe'],
      ['länge', 'länge'],
      ['mods.größe.länge', 'mods.größe.länge'],
      ['registered', 'registered'],
      ['./jobs#echo', './jobs#echo'],
      ['@acme/jobs/email#send', '@acme/jobs/email#send'],
    ] as const) {
      expect((await cli.enqueued(given)).funcName).toBe(stored)
    }
  })

  test('--json prints the job', async () => {
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
    const worker = new SimpleWorker('default', { ...cli.where, importPaths: [cli.project.dir] })
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

  test('--wait says on stderr what holds the job back, once', async () => {
    await using cli = await CliFixture.open()
    const { code, out, err } = await cli.run(['enqueue', 'jobs.nothing', '--job-id', 'one', '--wait', '5'])
    expect({ code, out }).toEqual({ code: 1, out: "Enqueued jobs.nothing() with job-id 'one'.\n" })
    expect(
      err.match(/^Waiting\. It is next in the queue default\. No worker serves the queue: start one\.$/gm),
    ).toHaveLength(1)
    const quiet = await cli.run(['enqueue', 'jobs.nothing', '--wait', '5', '--quiet'])
    expect(quiet.err).not.toContain('Waiting')
  })

  test('--wait ends when its time is over, and prints the status of the job', async () => {
    await using cli = await CliFixture.open()
    const { code, err } = await cli.run(['enqueue', 'jobs.add', '--job-id', 'one', '--wait', '0.1'])
    expect(code).toBe(1)
    expect(err).toBe(
      'Error: Job one has not ended within 0.1 s: it is queued. It is next in the queue default. No worker serves the queue: start one.\n',
    )
  })

  test('--serializer selects the serializer', async () => {
    await using cli = await CliFixture.open()
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

  test('--codec encodes what is enqueued, and is needed to show it', async () => {
    await using cli = await CliFixture.open()
    await using folder = await makeProject({
      'own.mjs': `const flip = (bytes) => bytes.map((byte) => byte ^ 255)
        export const own = { name: 'own', encode: flip, decode: flip }`,
    })
    const at = { folder: folder.dir }
    const args = ['enqueue', 'a.b', 'x', '--job-id', 'one', '--meta', '{"n":"y"}']
    expect((await cli.run([...args, '--codec', './own.mjs#own'], at)).code).toBe(0)
    expect(await cli.redis.client.hget(`${cli.redis.prefix}job:one`, 'data')).toMatch(/^rq-codec:own:/)
    const shown = await cli.run(['job', 'one', '--json', '--codec', './own.mjs#own'], at)
    expect(JSON.parse(shown.out)).toMatchObject({ function: 'a.b', args: ['x'], meta: { n: 'y' } })
    const unreadable = await cli.run(['job', 'one', '--json'], { folder: '/' })
    const reason = expect.stringContaining('written with the codec "own"')
    expect(JSON.parse(unreadable.out)).toMatchObject({ status: 'queued', function: null, unreadable: reason })
    expect((await cli.run(['jobs'], { folder: '/' })).out).toContain('a.b(...)')
    const wrong = await cli.run(['job', 'one', '--codec', 'own'], at)
    expect([wrong.code, wrong.err]).toEqual([2, "Error: Invalid --codec 'own'. Expected module#export.\n"])
  })
})

test('a Redis that is too old ends a command with 1 and a message', async () => {
  await using cli = await CliFixture.open()
  // What Redis 6 answers to a script that names its engine.
  const message = "ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'"
  await using proxy = await faultProxy(cli.url, {
    onCommand: ({ name }) => (name.startsWith('enqueue') ? { kind: 'error', message } : undefined),
  })
  const { code, out, err } = await cli.run(['enqueue', 'a.b', '--url', proxy.url])
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^Error: Redis at redis:.* is too old: rq needs Redis 7\.0 or Valkey 7\.2, or newer.*\n$/)
})
