import { Queue, Worker } from 'groupmq'
import { Redis } from 'ioredis'
import { packageVersion } from '../package-version.ts'
import { type JobPayload, QUEUE, type Session, type Subject } from '../subject.ts'

interface Data {
  readonly payload: JobPayload
}

/** groupmq runs one job of a group at a time, so it needs more groups than jobs at once. */
const GROUPS = 500

export const groupmq: Subject = {
  name: 'groupmq',
  finished: { key: `groupmq:${QUEUE}:completed`, command: 'zcard' },
  kinds: ['inline'],
  share: 0.5,
  settings: `${GROUPS} groups, keepCompleted 10 million; concurrent enqueue with autoBatch of 100`,
  version: () => packageVersion('groupmq'),
  open: async ({ url }) => open(url),
}

function open(url: string): Session {
  const redis = new Redis(url, { maxRetriesPerRequest: null })
  const options = { redis, namespace: QUEUE, keepCompleted: 10_000_000 }
  const queue = new Queue<Data>(options)
  const batching = new Queue<Data>({ ...options, autoBatch: { size: 100, maxWaitMs: 1 } })
  let worker: Worker<Data> | undefined
  let serial = 0
  const groupId = (): string => `g${serial++ % GROUPS}`
  return {
    enqueue: (payload) => queue.add({ groupId: groupId(), data: { payload } }),
    enqueueConcurrently: (payload) => batching.add({ groupId: groupId(), data: { payload } }),
    enqueueIn: (delay, payload) => queue.add({ groupId: groupId(), data: { payload }, delay }),
    async work({ concurrency, onJob }) {
      const handler = async ({ data }: { data: Data }) => {
        onJob?.(data.payload)
        return 1
      }
      worker = new Worker<Data>({ queue, concurrency, handler })
      worker.on('error', () => {})
      void worker.run()
    },
    async close() {
      await worker?.close(100).catch(() => {})
      await batching.close().catch(() => {})
      await queue.close().catch(() => {})
      redis.disconnect()
    },
  }
}
