import { setTimeout as delay } from 'node:timers/promises'
import { RqError } from '@rq/core'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { Chance } from './chance.ts'
import { KIND_NAMES, type KindName, kindOf } from './kinds.ts'
import { noteOrder } from './orders.ts'

/** The settings of a producer, as JSON values. */
export interface ProducerOrder {
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  /** The prefix of the ids of its jobs. */
  readonly name: string
  readonly seed: number
  /** The file in which jobs note their runs. */
  readonly runsFile: string
  /** The file in which it notes the jobs that it enqueues. */
  readonly ordersFile: string
  /** Average time between two jobs. */
  readonly pauseMs: number
}

const AT_ONCE = 3
const AGAIN_MS = 50
/** The producer pauses while this many jobs wait, so that the queues are empty soon after the last one. */
const MOST_WAITING = 300

const order = JSON.parse(process.argv[2] ?? '{}') as ProducerOrder
const { name, ordersFile, pauseMs, prefix, runsFile, seed, url } = order
const chance = new Chance(seed)
const storage = new RedisStorage({ connection: url, prefix })
const queues = order.queues.map((queue) => new Queue(queue, { storage }))
let serial = 0
let stopping = false
process.on('SIGTERM', () => {
  stopping = true
})

/** A producer that retries every call unless a retry makes no sense. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof RqError) || !error.retryable) throw error
      await delay(AGAIN_MS)
    }
  }
}

async function place(id: string, kindName: KindName): Promise<void> {
  const { bulk, func, hasParent = false, inS, ms = 0, options } = kindOf(kindName)
  const queue = chance.pick(queues)
  const settings = { ...options, jobId: id, meta: { file: runsFile } }
  const call = [`./jobs#${func}`, [runsFile, id, ms]] as const
  if (bulk !== undefined) {
    const ids = Array.from({ length: bulk }, (_, n) => `${id}-${n}`)
    noteOrder(ordersFile, 'intent', ids, kindName)
    await insist(() =>
      queue.enqueueMany(
        ids.map((jobId) => Queue.prepareData(`./jobs#${func}`, [runsFile, jobId, ms], { ...settings, jobId })),
      ),
    )
    return noteOrder(ordersFile, 'ack', ids, kindName)
  }
  if (hasParent) await place(`${id}-parent`, 'plain')
  noteOrder(ordersFile, 'intent', [id], kindName)
  if (inS !== undefined) await insist(() => queue.enqueueIn(inS, ...call, settings))
  else await insist(() => queue.enqueue(...call, { ...settings, ...(hasParent && { dependsOn: `${id}-parent` }) }))
  noteOrder(ordersFile, 'ack', [id], kindName)
}

async function waiting(): Promise<number> {
  const counts = await Promise.all(queues.map((queue) => insist(() => queue.count())))
  return counts.reduce((sum, count) => sum + count, 0)
}

async function produce(): Promise<void> {
  while (!stopping) {
    while (!stopping && (await waiting()) > MOST_WAITING) await delay(AGAIN_MS)
    serial += 1
    await place(
      `${name}-${serial}`,
      chance.pick(KIND_NAMES, (kind) => kindOf(kind).share),
    )
    await delay(chance.between(0, 2 * pauseMs * AT_ONCE))
  }
}

process.stdout.write('works\n')
await Promise.all(Array.from({ length: AT_ONCE }, produce))
await storage.close()
