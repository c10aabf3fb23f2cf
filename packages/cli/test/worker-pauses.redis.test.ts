import { eventually } from '@rq/testkit'
import type { WorkerOptions } from 'rq'
import { describe, expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

type CanClaim = NonNullable<WorkerOptions['canClaim']>

/** A command line, and a worker named w1 on two queues until the end of the scope. */
async function openWithWorker(canClaim: CanClaim = () => true) {
  const cli = await CliFixture.open()
  const worker = cli.worker(['default', 'low'], 'w1', { canClaim })
  const working = worker.work()
  await eventually(async () => expect(await cli.redis.client.exists(`${cli.redis.prefix}worker:w1`)).toBe(1))
  return {
    cli,
    worker,
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await working
      await cli[Symbol.asyncDispose]()
    },
  }
}

describe('worker-pause and worker-resume', () => {
  test('pause and resume one worker, end when it has heard them, and info shows it', async () => {
    await using place = await openWithWorker()
    const { cli, worker } = place
    const effect = 'Worker w1 starts no jobs of default, low until `rq-cli worker-resume w1` or its end.'
    expect(await cli.run(['worker-pause', 'w1'])).toEqual({
      ...{ code: 0, out: '', questions: [] },
      err: `${effect} Its running jobs finish.\n`,
    })
    expect(worker.pausedQueues).toEqual(['default', 'low'])
    expect((await cli.run(['info'])).out).toContain('0 failed, paused: default, low\n')
    expect((await cli.run(['info', '--raw', '-W'])).out).toMatch(/^worker w1 .* failed, paused: default, low\n$/)
    expect(await cli.run(['worker-resume', 'w1', '--queue', 'low'])).toMatchObject({
      ...{ code: 0, err: 'Worker w1 starts jobs of low.\n' },
    })
    const { workers } = JSON.parse((await cli.run(['info', '--json'])).out)
    expect(workers).toMatchObject([{ name: 'w1', paused: ['default'] }])
    await cli.enqueued('jobs.nothing')
    expect((await cli.run(['info', '--by-queue', 'default'])).out).toMatch(/^default: .*w1 \(paused\)$/m)
    expect((await cli.run(['doctor', '--json'])).out).toContain('1 job in default, where all workers are paused.')
    expect(await cli.run(['worker-resume', 'w1'])).toMatchObject({ err: 'Worker w1 starts jobs of default, low.\n' })
    await eventually(async () => expect(await cli.queue().count()).toBe(0))
  })

  test('info and doctor show what canClaim of a worker holds back', async () => {
    const answers: Record<string, () => boolean> = { default: () => false, low: () => JSON.parse('null') }
    await using place = await openWithWorker((queue) => (answers[queue] ?? (() => true))())
    const { cli } = place
    const reason = /0 failed, canClaim says no: default, canClaim failed: low\n/
    await eventually(async () => expect((await cli.run(['info'])).out).toMatch(reason))
    expect((await cli.run(['info', '--by-queue', 'low'])).out).toMatch(/^low: .*w1 \(held back\)$/m)
    const { workers } = JSON.parse((await cli.run(['info', '--json'])).out)
    const since = expect.stringMatching(/^\d{4}-.*Z$/)
    expect(workers).toMatchObject([
      {
        held: [
          { queue: 'default', reason: 'no', since },
          { queue: 'low', reason: 'failed', since },
        ],
      },
    ])
    await cli.enqueued('jobs.nothing')
    const held = '1 job in default, where canClaim of the workers holds jobs back.'
    expect((await cli.run(['doctor', '--json'])).out).toContain(held)
    delete answers.default
    await eventually(async () => expect(await cli.queue().count()).toBe(0))
  })

  test.each([
    [['worker-pause', 'nobody'], 4, "There is no worker named 'nobody': rq-cli info lists the workers."],
    [['worker-resume', 'nobody'], 4, "There is no worker named 'nobody': rq-cli info lists the workers."],
    [
      ['worker-pause', 'w1', '--queue', 'high'],
      2,
      'Invalid --queue: got "high", expected a queue that worker \'w1\' serves: default, low.',
    ],
    [['worker-pause'], 2, 'name'],
  ])('%j is refused with %d', async (args, code, message) => {
    await using place = await openWithWorker()
    expect(await place.cli.run(args)).toMatchObject({ code, out: '', err: expect.stringContaining(message) })
    expect(place.worker.pausedQueues).toEqual([])
  })

  test('a worker that does not answer is an error', async () => {
    await using cli = await CliFixture.open()
    const { client, prefix } = cli.redis
    const at = '2026-01-31T10:00:00.000000Z'
    // As a worker leaves it that was killed.
    const record = { birth: at, last_heartbeat: at, queues: 'default', state: 'idle', instance: 'i' }
    await client.hset(`${prefix}worker:gone`, record)
    await client.expire(`${prefix}worker:gone`, 300)
    await client.sadd(`${prefix}workers`, `${prefix}worker:gone`)
    expect(await cli.run(['worker-pause', 'gone'])).toMatchObject({
      ...{ code: 1, out: '' },
      err: expect.stringContaining('Worker gone was asked to pause, and has not shown it for 10 s. It may be cut off'),
    })
  })
})
