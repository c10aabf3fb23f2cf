import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import { type HorseKind, Worker } from '@rq/worker'

/** The settings of one worker of a sweep, as JSON values. */
export interface WorkerOrder {
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  /** Whether each queue has a lane of its own. Default false: they are a list. */
  readonly hasLanes?: boolean
  readonly burst: boolean
  readonly horse: HorseKind
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /** Default: the default of a worker. */
  readonly leaseMs?: number
  /** Whether it has a scheduler. */
  readonly isScheduled: boolean
  /** Whether it is paused while each job runs. Default false. */
  readonly pauses?: boolean
}

/** A job whose function is unknown goes back twice, and then fails. */
const UNKNOWN_FOR = '1500ms'
/** Short, so that another scheduler soon replaces a dead one. */
const SCHEDULER_LEASE_MS = 1500

/** Run a worker, with a storage of its own, until it leaves. `meet` gets the worker before it begins. */
export async function runWorker(order: WorkerOrder, meet: (worker: Worker) => void = () => {}): Promise<void> {
  const { burst, hasLanes = false, horse, importPath, isScheduled, leaseMs, prefix, queues, url } = order
  await using storage = new RedisStorage({ connection: url, prefix, role: 'worker' })
  const worker = new Worker(hasLanes ? Object.fromEntries(queues.map((queue) => [queue, 2])) : queues, {
    storage,
    horse,
    importPaths: [importPath],
    onAbandoned: 'requeue',
    onUnknownFunction: { returnFor: UNKNOWN_FOR },
    processTitle: false,
    ...(leaseMs !== undefined && { leaseMs }),
  })
  if (order.pauses === true) {
    worker.on('job:started', () => worker.pause())
    for (const event of ['job:finished', 'lease_lost'] as const) worker.on(event, () => worker.resume())
  }
  meet(worker)
  const scheduler = () => new Scheduler(queues, { storage, leaseMs: SCHEDULER_LEASE_MS })
  await worker.work({ burst, ...(isScheduled && { withScheduler: scheduler() }) })
}
