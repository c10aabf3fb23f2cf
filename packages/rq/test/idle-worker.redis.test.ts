import { eventually, ownClient, startRedis } from '@rq/testkit'
import { expect, it } from 'vitest'
import { SimpleWorker, type WorkerQueues } from '../src/index.ts'

const MEASURED_S = 8
const LOOK_MS = 500
/** Without a scheduler it is 5, with the one that leads 10. Each command of a script counts. */
const MOST_PER_SECOND = 15
/** One that stands by adds one script for each lease of the leader. */
const MOST_PER_SECOND_OF_TWO = 24
/** One of many queues makes one look for jobs of dead workers in all of them. */
const MANY_QUEUES = Object.fromEntries(Array.from({ length: 38 }, (_, n) => [`q${n}`, 1]))

/** The number of commands so far, those of scripts included, and the server's time in seconds. */
interface Look {
  readonly commands: number
  readonly nowS: number
}

/** How many commands others than `look` send, in the next {@link MEASURED_S}. */
async function commandsPerSecond(look: () => Promise<Look>): Promise<number> {
  const before = await look()
  let looks = 1
  let after = before
  const measure = async () => {
    looks += 1
    after = await look()
    return after.nowS - before.nowS >= MEASURED_S
  }
  await eventually(measure, { intervalMs: LOOK_MS })
  return (after.commands - before.commands - 2 * looks) / (after.nowS - before.nowS)
}

/** Workers on a server of their own, which have registered and find nothing to do. */
async function idleWorkers(count: number, queues: WorkerQueues, withScheduler: boolean) {
  const redis = await startRedis()
  const client = ownClient(redis.url)
  const workers = Array.from({ length: count }, () => new SimpleWorker(queues, { connection: redis.url }))
  const runs = workers.map((worker) => worker.work({ withScheduler }))
  const look = async (): Promise<Look> => {
    const commands = /total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]
    const [seconds, micros] = await client.time()
    return { commands: Number(commands), nowS: Number(seconds) + Number(micros) / 1e6 }
  }
  await eventually(async () => (await client.scard('rq:workers')) === count)
  return {
    client,
    look,
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop()))
      await Promise.all(runs)
      client[Symbol.dispose]()
      await redis[Symbol.asyncDispose]()
    },
  }
}

it('one idle worker of many queues sends as few, without a scheduler', async () => {
  await using idle = await idleWorkers(1, MANY_QUEUES, false)
  await eventually(async () => expect(await commandsPerSecond(idle.look)).toBeLessThan(MOST_PER_SECOND))
})

it.each([
  [1, MOST_PER_SECOND],
  [2, MOST_PER_SECOND_OF_TWO],
])('%i idle workers send Redis at most %i commands a second, with their schedulers', async (count, most) => {
  await using idle = await idleWorkers(count, 'default', true)
  await eventually(async () => (await idle.client.exists('rq:scheduler-lock:default')) === 1)
  // What they do at their start may take a while on a busy machine, and belongs to no idle worker.
  await eventually(async () => expect(await commandsPerSecond(idle.look)).toBeLessThan(most))
})
