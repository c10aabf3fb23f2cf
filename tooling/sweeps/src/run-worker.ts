import { RedisStorage } from '@rq/redis'
import { type HorseKind, Worker } from '@rq/worker'

/** What one worker of a sweep does; survives JSON. */
export interface WorkerOrder {
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  readonly burst: boolean
  readonly horse: HorseKind
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /** Default: as the worker's own. */
  readonly leaseMs?: number
}

/** Run a worker, with a storage of its own, until it leaves. `meet` gets it before it begins. */
export async function runWorker(order: WorkerOrder, meet: (worker: Worker) => void = () => {}): Promise<void> {
  const { burst, horse, importPath, leaseMs, prefix, queues, url } = order
  await using storage = new RedisStorage({ connection: url, prefix, role: 'worker' })
  const worker = new Worker(queues, {
    storage,
    horse,
    importPaths: [importPath],
    onAbandoned: 'requeue',
    processTitle: false,
    ...(leaseMs !== undefined && { leaseMs }),
  })
  meet(worker)
  await worker.work({ burst })
}
