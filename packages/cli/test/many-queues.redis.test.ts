import { ownClient } from '@rq/testkit'
import { Queue } from 'rq'
import { expect, test } from 'vitest'
import { CliFixture } from './cli-fixture.ts'

const MANY = 300
const names = Array.from({ length: MANY }, (_, n) => `q${String(n).padStart(3, '0')}`)

/** What a command of the command line sends. */
interface Traffic {
  readonly out: string
  /** Commands that it sends. */
  readonly sent: number
  /** Commands of scripts that Redis runs for it. */
  readonly inScripts: number
  readonly connections: number
}

async function trafficOf(cli: CliFixture, args: readonly string[]): Promise<Traffic> {
  using admin = ownClient(cli.url)
  const monitor = await admin.monitor()
  const lines: { args: string[]; source: string }[] = []
  const end = `end of ${cli.redis.prefix}`
  const ended = new Promise<void>((resolve) => {
    monitor.on('monitor', (_time: string, words: string[], source: string) => {
      if (words.includes(end)) resolve()
      else if (words.some((word) => word.includes(cli.redis.prefix))) lines.push({ args: words, source })
    })
  })
  try {
    const { out, err, code } = await cli.run(args)
    if (code !== 0) throw new Error(err)
    await admin.echo(end)
    await ended
    const sent = lines.filter(({ source }) => source !== 'lua')
    const connections = new Set(sent.map(({ source }) => source)).size
    return { out, sent: sent.length, inScripts: lines.length - sent.length, connections }
  } finally {
    monitor.disconnect()
  }
}

async function withManyQueues(): Promise<CliFixture> {
  const cli = await CliFixture.open()
  for (const name of names) await cli.queue(name).enqueue('jobs.echo', [], { jobId: name })
  return cli
}

test('info counts many queues over one connection, a hundred in each call', async () => {
  await using cli = await withManyQueues()
  // The first use of a script sends it twice.
  await cli.run(['info'])
  const { out, ...traffic } = await trafficOf(cli, ['info', '--json'])
  expect(JSON.parse(out).totals).toEqual({ queues: MANY, jobs: MANY, workers: 0 })
  // The queues, the workers, whether they are suspended, and three calls for the queues.
  expect(traffic).toEqual({ sent: 6, connections: 1, inScripts: expect.any(Number) })
  expect(traffic.inScripts / MANY).toBeLessThan(8)
})

test('jobs looks only where there are jobs, and no further than its limit', async () => {
  await using cli = await withManyQueues()
  await cli.run(['jobs'])
  const { out, ...traffic } = await trafficOf(cli, ['jobs', '--limit', '5', '--json'])
  const { total, jobs } = JSON.parse(out)
  expect({ total, ids: jobs.map(({ id }: { id: string }) => id) }).toEqual({ total: MANY, ids: names.slice(0, 5) })
  // The queues, three calls to count, and two for each queue that has one of the jobs.
  expect(traffic).toMatchObject({ sent: 14, connections: 1 })
})

test('Queue.counts refuses what is no list of names', async () => {
  await using cli = await CliFixture.open()
  await expect(Queue.counts(names.join() as never, cli.where)).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
  await expect(Queue.counts([''], cli.where)).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
  await expect(Queue.counts([], { ...cli.where, kinds: [] } as never)).rejects.toMatchObject({
    code: 'RQ_INVALID_OPTION',
  })
})
