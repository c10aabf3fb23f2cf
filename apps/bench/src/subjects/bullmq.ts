import { fileURLToPath } from 'node:url'
import { type ConnectionOptions, Queue, QueueEvents, Worker } from 'bullmq'
import { packageVersion } from '../package-version.ts'
import { type JobPayload, QUEUE, type Session, type Subject } from '../subject.ts'

const PROCESSOR = fileURLToPath(new URL('../../functions/bullmq-processor.js', import.meta.url))

export const bullmq: Subject = {
  name: 'bullmq',
  finished: { key: `bull:${QUEUE}:completed`, command: 'zcard' },
  kinds: ['inline', 'process', 'thread'],
  share: 0.5,
  settings: 'defaults (results kept); process and thread: sandboxed processor file',
  version: () => packageVersion('bullmq'),
  open: async ({ url, results }) => open(url, results === true),
}

async function open(url: string, results: boolean): Promise<Session> {
  const { hostname: host, port } = new URL(url)
  const connection: ConnectionOptions = { host, port: Number(port), maxRetriesPerRequest: null }
  const queue = new Queue<{ payload: JobPayload }>(QUEUE, { connection })
  await queue.waitUntilReady()
  const events = results ? new QueueEvents(QUEUE, { connection }) : undefined
  await events?.waitUntilReady()
  let worker: Worker | undefined
  return {
    enqueue: (payload) => queue.add('noop', { payload }),
    enqueueMany: (payloads) => queue.addBulk(payloads.map((payload) => ({ name: 'noop', data: { payload } }))),
    enqueueIn: (delay, payload) => queue.add('noop', { payload }, { delay }),
    async call(payload) {
      const job = await queue.add('noop', { payload })
      if (events === undefined) throw new Error('Opened without results.')
      return job.waitUntilFinished(events, 60_000)
    },
    async work({ kind, concurrency, onJob }) {
      const options = { connection, concurrency, useWorkerThreads: kind === 'thread' }
      const inline = async ({ data }: { data: { payload: JobPayload } }) => {
        onJob?.(data.payload)
        return 1
      }
      worker = kind === 'inline' ? new Worker(QUEUE, inline, options) : new Worker(QUEUE, PROCESSOR, options)
      worker.on('error', () => {})
      await worker.waitUntilReady()
    },
    async close() {
      await worker?.close(true)
      await events?.close()
      await queue.close()
    },
  }
}
