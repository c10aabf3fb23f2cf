import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import { handleSignals, Worker } from '@rq/worker'
import { sharedMs } from './orders.ts'

/** The settings of a worker of the torture, as JSON values. */
export interface TortureWorkerOrder {
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  readonly name: string
  readonly leaseMs: number
  readonly concurrency: number
  /** Whether each queue has a lane of its own, with a part of the concurrency. */
  readonly hasLanes: boolean
  /** The folder of `tortureProject()`. */
  readonly importPath: string
}

const SCHEDULER_LEASE_MS = 2000

/**
 * A worker in a process of its own. It prints lines: `works`; then, for events that only faults cause,
 * `lease_lost <job id> <ms>` and `<event> <job id> <ms> <losses> <worker that had it>`; and at its end
 * `counts <successful> <failed>`, the attempts that it has reported.
 */
const { concurrency, hasLanes, importPath, leaseMs, name, prefix, queues, url } = JSON.parse(
  process.argv[2] ?? '{}',
) as TortureWorkerOrder

const say = (...words: (string | number)[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const counts = { successful: 0, failed: 0, none: 0 }

await using storage = new RedisStorage({ connection: url, prefix, role: 'worker' })
const ofEach = Math.ceil(concurrency / queues.length)
const worker = new Worker(hasLanes ? Object.fromEntries(queues.map((queue) => [queue, ofEach])) : queues, {
  ...{ storage, name, leaseMs, importPaths: [importPath], maintenanceInterval: 5 },
  ...(!hasLanes && { concurrency }),
  onAbandoned: 'requeue',
})
worker.on('worker:started', () => say('works'))
worker.on('lease_lost', ({ jobId }) => say('lease_lost', jobId, sharedMs()))
for (const event of ['job:abandoned', 'job:poisoned'] as const) {
  worker.on(event, ({ jobId, job }) => {
    const { abandonedCount = 0, workerName = '' } = job.toRecord()
    say(event, jobId, sharedMs(), abandonedCount, workerName)
  })
}
for (const event of ['job:finished', 'job:failed', 'job:retried', 'job:repeated'] as const) {
  worker.on(event, ({ settlement }) => {
    counts[settlement.counts] += 1
  })
}
handleSignals(worker)
await worker.work({
  ...(!hasLanes && { dequeueStrategy: 'random' }),
  withScheduler: new Scheduler(queues, { storage, leaseMs: SCHEDULER_LEASE_MS }),
})
say('counts', counts.successful, counts.failed)
