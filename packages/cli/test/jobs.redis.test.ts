import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

const EXECUTION = '0123456789abcdef0123'

describe('job', () => {
  test('shows everything about a job, with control characters escaped', async () => {
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
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

  test.each([
    ['data', 'Call         ', 'arguments'],
    ['meta', 'Meta         ', 'meta'],
    ['result', 'Returned     ', 'return value'],
  ])('shows a job whose %s is too large to be read, and says so', async (field, line, what) => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.add', '1', '2', '--job-id', 'one')
    await cli.burst()
    const { client, prefix } = cli.redis
    const bytes = 17 * 1024 ** 2
    await client.hset(`${prefix}job:one`, field, Buffer.alloc(bytes, 'v'))
    const tooLarge = `Too large: ${what} of job one, ${bytes} bytes; the limit is 16777216.`
    const shown = await cli.run(['job', 'one'])
    expect(shown.code).toBe(0)
    expect(shown.out).toContain('Status       finished')
    expect(shown.out).toContain(`${line}${tooLarge}`)
    const { out } = await cli.run(['job', 'one', '--json'])
    const document = JSON.parse(out)
    const reasons = [document.unreadable, document.metaUnreadable, document.results[0].unreadable]
    expect(reasons.filter((reason) => reason !== null)).toEqual([expect.stringContaining(tooLarge)])
    const listed = await cli.run(['jobs'])
    expect(listed).toMatchObject({ code: 0, out: expect.stringContaining('one') })
    expect(listed.out.includes(tooLarge)).toBe(field === 'data')
  })

  test.each(['job', 'cancel', 'stop', 'delete'])('%s of a job that is not there ends with 4', async (command) => {
    await using cli = await CliFixture.open()
    const { code, out, err } = await cli.run([command, 'nope'])
    expect({ code, out }).toEqual({ code: 4, out: '' })
    expect(err).toContain('No job with id nope')
  })
})

describe('jobs', () => {
  test('lists jobs by status and queue, and prints the total', async () => {
    await using cli = await CliFixture.open()
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

  test('keeps to the width of the terminal, and cuts nothing else', async () => {
    await using cli = await CliFixture.open()
    const queue = `mail-${'x'.repeat(80)}`
    const description = `\x1b[2J邮件${'y'.repeat(80)}`
    await cli.queue(queue).enqueue('jobs.echo', [], { jobId: `id-${'z'.repeat(80)}`, description })
    const { out } = await cli.run(['jobs', '--no-color'], { terminal: true })
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/^id-z{32}… {2}queued {2}mail-x{4}… {2}\d+ \S+ ago {1,2}\S*…$/)
    expect(stringWidth(lines[1] ?? '')).toBeLessThanOrEqual(80)
    const piped = await cli.run(['jobs'])
    expect(piped.out).toContain(`id-${'z'.repeat(80)}  queued  ${queue}  `)
    expect(piped.out).toContain(`\\x1b[2J邮件${'y'.repeat(80)}`)
  })

  test('lists what is no job, when asked', async () => {
    await using cli = await CliFixture.open({ tolerate: /broken/ })
    for (const id of ['good', 'broken', 'empty']) await cli.enqueued('jobs.add', '--job-id', id)
    const { client, prefix } = cli.redis
    await client.del(`${prefix}job:broken`)
    await client.sadd(`${prefix}job:broken`, 'x')
    await client.hdel(`${prefix}job:empty`, 'data')
    await cli.burst()
    const shown = await cli.run(['jobs', '--status', 'broken'])
    expect(shown.out).toMatch(/^broken +broken +default +.* +its key is a set, not a hash$/m)
    expect(shown.out).toMatch(/^empty +broken +default +.* +it has no data$/m)
    expect(shown.err).toBe('0 jobs, 2 broken\n')
    const { broken, total } = JSON.parse((await cli.run(['jobs', '--status', 'broken', '--json'])).out)
    expect([total, broken.map(({ id }: { id: string }) => id).sort()]).toEqual([0, ['broken', 'empty']])
    expect(JSON.parse((await cli.run(['jobs', '--json'])).out)).toMatchObject({ total: 1 })
    await client.del(`${prefix}job:broken`, `${prefix}job:empty`)
    expect((await cli.run(['jobs', '--status', 'broken'])).err).toBe('0 jobs\n')
  })

  test('lists jobs whose end the store refused, and why', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('jobs.add', '--job-id', 'bad')
    const { client, prefix } = cli.redis
    await client.del(`${prefix}queue:default`)
    await client.hset(`${prefix}job:bad`, 'status', 'started', 'execution_id', EXECUTION)
    await client.zadd(`${prefix}broken:default`, 1_790_000_000, 'bad')
    await client.hset(`${prefix}refused:default`, 'bad', `${EXECUTION}\nno such time`)
    const { out } = await cli.run(['jobs', '--status', 'broken'])
    expect(out).toMatch(/^bad +broken +default +.* +the store refused its end: no such time$/m)
  })

  test('skips ids in Redis that no job can have, and escapes descriptions', async () => {
    await using cli = await CliFixture.open({ tolerate: /which is not a job id/ })
    await cli.enqueued('a.b', '--job-id', 'one', '--description', 'x\x1b[2J\ny')
    await cli.redis.client.lpush(`${cli.redis.prefix}queue:default`, '../\x1b[2J', 'gone')
    const { code, out } = await cli.run(['jobs'])
    expect(code).toBe(0)
    expect(out).toMatch(/^one .*x\\x1b\[2J\\ny$/m)
    expect(out).not.toContain('\x1b')
  })
})
