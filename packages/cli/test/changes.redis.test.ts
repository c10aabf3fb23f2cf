import { faultProxy, RUNS_ALL } from '@rq/testkit'
import { Job, Queue } from 'rq'
import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

const MANY = RUNS_ALL ? 10_000 : 1_000

describe('requeue', () => {
  async function cliWithFailedJobs(count: number): Promise<CliFixture> {
    const cli = await CliFixture.open()
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

  test(`--all takes one call for each of ${MANY} jobs, and reports the deleted one`, async () => {
    await using cli = await CliFixture.open()
    const { client, prefix } = cli.redis
    const ids = Array.from({ length: MANY }, (_, index) => `f${index}`)
    await cli.queue().enqueueMany(ids.map((jobId) => Queue.prepareData('jobs.fails', [], { jobId })))
    const failing = client.pipeline().del(`${prefix}queue:default`)
    for (const id of ids) failing.hset(`${prefix}job:${id}`, 'status', 'failed')
    failing.zadd(`${prefix}failed:default`, ...ids.flatMap((id) => [9_000_000_000, id]))
    await failing.del(`${prefix}job:f77`).exec()

    await using proxy = await faultProxy(cli.url)
    const options = { terminal: true, env: { RQ_REDIS_URL: proxy.url } }
    const { code, out, err } = await cli.run(['requeue', '--queue', 'default', '--all'], options)
    // A call for each job, and one for each page of the registry. A server that does not know the script is sent more.
    expect(proxy.commands.length).toBeLessThan(1.2 * MANY)
    expect({ code, out }).toEqual({ code: 0, out: `${MANY - 1} jobs requeued to default queue\n` })
    expect(err).toContain(`0/${MANY}`)
    expect(err).toContain('1 job no longer there')
    expect(await cli.queue().count()).toBe(MANY - 1)
  })

  test('--all with --limit, --older-than and --function requeues some', async () => {
    await using cli = await cliWithFailedJobs(5)
    const all = ['requeue', '--queue', 'default', '--all']
    const run = async (...flags: string[]) => (await cli.run([...all, ...flags])).out
    expect(await run('--older-than', '1h')).toBe('0 jobs requeued to default queue\n')
    expect(await run('--function', 'jobs.other')).toBe('0 jobs requeued to default queue\n')
    expect(await run('--limit', '2')).toBe('2 jobs requeued to default queue\n')
    expect(await run('--function', 'jobs.fails', '--limit', '1')).toBe('1 job requeued to default queue\n')
    expect(await run('--older-than', '0')).toBe('2 jobs requeued to default queue\n')
    for (const [flag, value] of [
      ['--limit', '0'],
      ['--older-than', '-1'],
    ] as const) {
      expect(await cli.run([...all, flag, value])).toMatchObject({ code: 2, err: expect.stringContaining(flag) })
    }
    expect(await cli.run(['requeue', 'f1', '--limit', '1'])).toMatchObject({ code: 2 })
  })

  test('--error requeues those that failed with it; jobs --error lists them', async () => {
    await using cli = await CliFixture.open()
    const datas = ['jobs.fails', 'jobs.missing'].map((name) => Queue.prepareData(name, [], { jobId: name.slice(5) }))
    await cli.queue().enqueueMany(datas)
    await cli.burst()
    const listed = await cli.run(['jobs', '--error', 'RQ_FUNCTION_NOT_FOUND', '--json'])
    expect(JSON.parse(listed.out)).toMatchObject({ total: 1, jobs: [{ id: 'missing', status: 'failed' }] })
    expect((await cli.run(['jobs', '--error', 'RQ_NO_RETRY'])).err).toContain('0 jobs')
    const wrong = await cli.run(['jobs', '--error', 'RQ_NO_RETRY', '--status', 'queued'])
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('--error is for failed jobs') })
    const requeued = await cli.run(['requeue', '--all', '--yes', '--error', 'RQ_FUNCTION_NOT_FOUND'])
    expect(requeued.out).toBe('1 job requeued to their queues\n')
    expect(await cli.queue().getJobIds()).toEqual(['missing'])
  })

  test('without --queue requeues jobs of any queue: by id, or all of them after a question', async () => {
    await using cli = await CliFixture.open()
    for (const [id, queue] of [
      ['a', 'default'],
      ['b', 'low'],
      ['c', 'low'],
    ] as const) {
      await cli.enqueued('jobs.fails', '--job-id', id, '-q', queue)
    }
    await cli.run(['worker', 'default', 'low', '--burst', '--horse', 'inline'])
    expect(await cli.run(['requeue', 'b'])).toMatchObject({ code: 0, out: '1 job requeued to their queues\n' })
    const refused = await cli.run(['requeue', '--all'], { answer: false })
    expect(refused).toMatchObject({ code: 1, questions: ['Requeue 2 failed jobs of 2 queues?'] })
    expect(await cli.queue('low').getJobIds()).toEqual(['b'])
    const sure = await cli.run(['requeue', '--all', '--yes'], { answer: false })
    expect(sure).toMatchObject({ out: '2 jobs requeued to their queues\n', questions: [] })
    expect(await cli.queue('low').getJobIds()).toEqual(['b', 'c'])
  })

  test('reports jobs that cannot be requeued, and ends with 1', async () => {
    await using cli = await cliWithFailedJobs(1)
    await cli.enqueued('a.b', '--job-id', 'queued')
    const { code, out, err } = await cli.run(['requeue', '--queue', 'default', 'f0', 'queued', 'gone'])
    expect({ code, out }).toEqual({ code: 1, out: '1 job requeued to default queue\n' })
    expect(err).toContain('Unable to requeue 2 jobs from failed job registry:')
    expect(err).toMatch(/^ {2}queued: .*not in the failed registry/m)
    expect(err).toMatch(/^ {2}gone: No job with id gone/m)
  })
})

describe('empty', () => {
  test('empty deletes the jobs of the given queues, or of all', async () => {
    await using cli = await CliFixture.open()
    for (const name of ['default', 'low', 'low']) await cli.enqueued('a.b', '--queue', name)
    expect(await cli.run(['empty', 'low', '--yes'])).toMatchObject({ code: 0, out: '2 jobs removed from low queue\n' })
    expect(await cli.run(['empty', '-a'])).toMatchObject({
      code: 0,
      out: '1 jobs removed from default queue\n0 jobs removed from low queue\n',
    })
    expect(await cli.redis.keys()).toEqual([`${cli.redis.prefix}queues`])
  })

  test('empty asks on a terminal, and does nothing without a yes', async () => {
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
    await cli.enqueued('a.b', '--job-id', 'one', '--description', 'evil\x1b[2J')
    const refused = await cli.run(['delete', 'one'], { answer: false })
    expect(refused).toMatchObject({ code: 1, questions: ['Delete job one (queued: evil\\x1b[2J)?'] })
    expect(await cli.run(['delete', 'one', '--yes'])).toMatchObject({ code: 0, err: 'Deleted job one.\n' })
    expect(await cli.run(['delete', 'one'])).toMatchObject({ code: 4 })
  })

  test('delete --status asks, then deletes the jobs of a status, of one queue or of all', async () => {
    await using cli = await CliFixture.open()
    const fails = (jobId: string) => Queue.prepareData('jobs.fails', [], { jobId })
    await cli.queue().enqueueMany(['a', 'b', 'c'].map(fails))
    await cli.queue('low').enqueueMany(['d', 'e'].map(fails))
    await cli.burst()
    await cli.burst('low')
    await cli.enqueued('a.b', '--job-id', 'waits')
    const refused = await cli.run(['delete', '--status', 'failed'], { answer: false })
    expect(refused).toMatchObject({ code: 1, questions: ['Delete 5 failed jobs of 2 queues?'] })
    expect(await cli.queue().failedJobRegistry.count()).toBe(3)
    const some = await cli.run(['delete', '--status', 'failed', '-q', 'default', '--limit', '2'])
    expect(some).toMatchObject({ code: 0, out: '2 failed jobs deleted from default queue\n' })
    const all = await cli.run(['delete', '--status', 'failed', '--yes'], { answer: false })
    expect(all).toMatchObject({ out: '3 failed jobs deleted from 2 queues\n', questions: [] })
    expect(await cli.run(['delete', '--status', 'failed'])).toMatchObject({ code: 0, out: 'Nothing to do\n' })
    expect(await Promise.all(['a', 'e', 'waits'].map((id) => Job.exists(id, cli.where)))).toEqual([false, false, true])
  })

  test('delete --status with --older-than and --function deletes some', async () => {
    await using cli = await CliFixture.open()
    await cli.queue().enqueueMany(['a', 'b'].map((jobId) => Queue.prepareData('jobs.fails', [], { jobId })))
    await cli.burst()
    const all = ['delete', '--status', 'failed', '--queue', 'default']
    const old = await cli.run([...all, '--older-than', '7d'], { answer: true })
    expect(old).toMatchObject({
      out: '0 failed jobs deleted from default queue\n',
      questions: ['Delete up to 2 failed jobs of default queue?'],
    })
    const run = async (...flags: string[]) => (await cli.run([...all, '--yes', ...flags])).out
    expect(await run('--function', 'jobs.other')).toBe('0 failed jobs deleted from default queue\n')
    expect(await run('--function', 'jobs.fails', '--limit', '1')).toBe('1 failed job deleted from default queue\n')
    expect(await run('--older-than', '0')).toBe('1 failed job deleted from default queue\n')
  })

  test('stop fails for a job that is not running', async () => {
    await using cli = await CliFixture.open()
    await cli.enqueued('a.b', '--job-id', 'one')
    expect(await cli.run(['stop', 'one'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('no worker runs it'),
    })
  })
})

describe('suspend and resume', () => {
  test('pause all workers, with or without a duration, and resume them', async () => {
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
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
    await using cli = await CliFixture.open()
    const { err } = await cli.run(['suspend', '--queue', 'low', '--queue', 'high'])
    expect(err).toMatch(/^Queue low is paused until `rq-cli resume --queue low`\. .*\nQueue high is paused/)
    const ttls = ['low', 'high'].map((name) => cli.redis.client.ttl(`${cli.redis.prefix}paused:${name}`))
    expect(await Promise.all(ttls)).toEqual([-1, -1])
  })
})

test('words behind -- are arguments of every command, also those that begin with a dash', async () => {
  await using cli = await CliFixture.open()
  await cli.enqueued('a.b', '--job-id=-id', '--queue', 'low')
  await cli.enqueued('a.b', '--job-id=--yes', '--queue', 'low')
  expect((await cli.run(['job', '--', '-id'])).out).toContain('-id')
  expect((await cli.run(['info', '--raw', '--only-queues', '--', 'low'])).out).toBe(
    'queue low 2, 0 executing, 0 finished, 0 failed\n',
  )
  expect(await cli.run(['cancel', '--yes', '--', '-id'])).toMatchObject({ code: 0, err: 'Canceled job -id.\n' })
  expect(await cli.run(['delete', '--', '--yes'], { answer: true })).toMatchObject({ err: 'Deleted job --yes.\n' })
  await cli.enqueued('jobs.nothing', '--queue', 'low')
  await cli.run(['worker', '--burst', '--horse', 'inline', '--', 'low'])
  expect(await cli.queue('low').count()).toBe(0)
})
