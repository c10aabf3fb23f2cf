import { type Job, Worker } from 'bullmq'
import { DuplicateJobError, Queue, Retry } from 'rq'
import { remind, welcome } from './jobs/mail.js'
import { bullConnection } from './redis.js'

const FUNCTIONS = { welcome, remind }

const queue = new Queue('mail')

/** Enqueue a job of BullMQ in rq. BullMQ calls this when the job is due, so nothing is left of its delay. */
async function forward(job: Job<{ to: string }>): Promise<void> {
  const func = FUNCTIONS[job.name as keyof typeof FUNCTIONS]
  if (func === undefined) throw new Error(`No function is known for jobs named ${job.name}.`)
  const retries = (job.opts.attempts ?? 1) - 1
  try {
    await queue.enqueue(func, [job.data], {
      jobId: `bull-${job.id}`,
      unique: true,
      ...(retries > 0 && { retry: new Retry({ max: retries, interval: delayS(job) }) }),
    })
  } catch (error) {
    // This job was forwarded before, and the process ended before BullMQ knew.
    if (!(error instanceof DuplicateJobError)) throw error
  }
}

function delayS({ opts: { backoff } }: Job): number {
  return Math.ceil((typeof backoff === 'number' ? backoff : (backoff?.delay ?? 0)) / 1000)
}

const worker = new Worker('mail', forward, { connection: bullConnection, concurrency: 100 })
console.log('forwarding jobs of the queue mail')

process.once('SIGTERM', async () => {
  await worker.close()
  await queue.close()
})
