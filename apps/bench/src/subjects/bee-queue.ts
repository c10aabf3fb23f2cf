import BeeQueue from 'bee-queue'
import { packageVersion } from '../package-version.ts'
import { type JobPayload, QUEUE, type Session, type Subject } from '../subject.ts'

interface Data {
  readonly payload: JobPayload
}

export const beeQueue: Subject = {
  name: 'bee-queue',
  finished: { key: `bq:${QUEUE}:succeeded`, command: 'scard' },
  kinds: ['inline'],
  settings: 'no stored jobs and no events unless results are awaited; results kept',
  version: () => packageVersion('bee-queue'),
  open: async ({ url, results }) => open(url, results === true),
}

async function open(url: string, results: boolean): Promise<Session> {
  const { hostname: host, port } = new URL(url)
  const common = {
    redis: { host, port: Number(port) },
    getEvents: results,
    sendEvents: results,
    storeJobs: results,
  }
  const queue = new BeeQueue<Data>(QUEUE, { ...common, isWorker: false })
  await queue.ready()
  let worker: BeeQueue<Data> | undefined
  return {
    enqueue: (payload) => queue.createJob({ payload }).save(),
    enqueueMany: (payloads) => queue.saveAll(payloads.map((payload) => queue.createJob({ payload }))),
    enqueueIn: (delayMs, payload) =>
      queue
        .createJob({ payload })
        .delayUntil(Date.now() + delayMs)
        .save(),
    call: (payload) =>
      new Promise((resolve, reject) => {
        const job = queue.createJob({ payload })
        job.on('succeeded', resolve)
        job.on('failed', reject)
        job.save().catch(reject)
      }),
    async work({ concurrency, onJob, schedules }) {
      worker = new BeeQueue<Data>(QUEUE, { ...common, activateDelayedJobs: schedules === true })
      await worker.ready()
      worker.process(concurrency, async ({ data }) => {
        onJob?.(data.payload)
        return 1
      })
    },
    async close() {
      await worker?.close(100).catch(() => {})
      await queue.close(100).catch(() => {})
    },
  }
}
