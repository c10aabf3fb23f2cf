import { eventually, ownClient, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'
import { SimpleWorker } from '../src/index.ts'

const MEASURED_S = 8
/** Without a scheduler it is 5, with the one that leads 10. Each command of a script counts. */
const MOST_PER_SECOND = 15
/** One that stands by adds one script for each lease of the leader. */
const MOST_PER_SECOND_OF_TWO = 24

it.each([
  [1, MOST_PER_SECOND],
  [2, MOST_PER_SECOND_OF_TWO],
])('%i idle workers send Redis at most %i commands a second, with their schedulers', async (count, most) => {
  await using redis = await startRedis()
  using client = ownClient(redis.url)
  /** The number of commands so far, those of scripts included, and the server's time in seconds. */
  const look = async () => {
    const commands = /total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]
    const [seconds, micros] = await client.time()
    return { commands: Number(commands), nowS: Number(seconds) + Number(micros) / 1e6 }
  }
  const workers = Array.from({ length: count }, () => new SimpleWorker('default', { connection: redis.url }))
  const runs = workers.map((worker) => worker.work())
  try {
    await eventually(async () => (await client.exists('rq:scheduler-lock:default')) === 1)
    await eventually(async () => (await client.scard('rq:workers')) === count)
    const before = await look()
    let looks = 1
    let after = before
    await eventually(
      async () => {
        looks += 1
        after = await look()
        return after.nowS - before.nowS >= MEASURED_S
      },
      { intervalMs: 500 },
    )
    const perSecond = (after.commands - before.commands - 2 * looks) / (after.nowS - before.nowS)
    expect(perSecond).toBeLessThan(most)
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    await Promise.all(runs)
  }
})
