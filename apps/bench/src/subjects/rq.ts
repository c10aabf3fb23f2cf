import { fileURLToPath } from 'node:url'
import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import { Redis } from 'ioredis'
import { Queue, Worker } from 'rq'
import { packageVersion } from '../package-version.ts'
import { type JobPayload, QUEUE, type Session, type Subject } from '../subject.ts'

const FUNCTIONS = fileURLToPath(new URL('../../functions', import.meta.url))
/** The reference of the job: a module below the worker's import path, and its export. */
const NOOP = './noop#noop'
const SCHEDULED = `rq:scheduled:${QUEUE}`

export const rq: Subject = {
  name: 'rq',
  finished: { key: `rq:finished:${QUEUE}`, command: 'zcard' },
  kinds: ['inline', 'process', 'thread'],
  settings: 'defaults (superjson, results kept 500 s, adaptive prefetch)',
  version: () => packageVersion('rq'),
  open: async ({ url }) => open(url),
}

function open(url: string): Session {
  const queue = new Queue(QUEUE, { connection: url })
  let onJob: (payload: JobPayload) => void = () => {}
  let worker: Worker | undefined
  let working: Promise<unknown> | undefined
  let storage: RedisStorage | undefined
  return {
    enqueue: (payload) => queue.enqueue(NOOP, [payload]),
    enqueueMany: (payloads) => queue.enqueueMany(payloads.map((payload) => Queue.prepareData(NOOP, [payload]))),
    enqueueIn: (delayMs, payload) => queue.enqueueIn(delayMs / 1000, NOOP, [payload]),
    async makeAllDue() {
      const redis = new Redis(url)
      await redis.zunionstore(SCHEDULED, 1, SCHEDULED, 'WEIGHTS', 0)
      redis.disconnect()
    },
    async moveDue() {
      await using own = new RedisStorage({ connection: url, role: 'worker' })
      return await new Scheduler(queue, { storage: own }).runOnce()
    },
    call: (payload) => queue.enqueueAndWait(NOOP, [payload], { timeout: 60 }),
    async work({ kind, concurrency, schedules, ...rest }) {
      onJob = rest.onJob ?? (() => {})
      worker = new Worker(queue, {
        concurrency,
        horse: kind,
        importPaths: [FUNCTIONS],
        ...(kind === 'inline' && { functions: { [NOOP]: (payload: JobPayload) => onJob(payload) ?? 1 } }),
      })
      const started = new Promise((resolve) => worker?.once('worker:started', resolve))
      if (schedules === true) {
        storage = new RedisStorage({ connection: url, role: 'worker' })
        working = worker.work({ withScheduler: new Scheduler(queue, { storage }) })
      } else {
        working = worker.work()
      }
      await Promise.race([started, working])
    },
    async close() {
      await worker?.stop()
      await working
      await storage?.close()
      await queue.close()
    },
  }
}
