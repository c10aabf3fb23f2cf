import { type ChildProcess, fork } from 'node:child_process'
import { checkOptionNames, invalidOption, type OptionNames } from '@rq/core'
import { portableKeys } from '@rq/queue/run'
import type { StorageSource } from '../inside-horse/protocol.ts'
import { checkLanes, isQueuePlan, type QueuePlan, queueNames, type WorkerQueues } from '../lane-settings.ts'
import { WORKER_OPTIONS } from '../option-table.ts'
import { checkWatch, WORKER_OPTION_NAMES, type WorkerOptions } from '../options.ts'
import { programFor } from '../program.ts'
import type { WorkOptions } from '../worker.ts'

/** The options of a worker that can be sent to another process. */
export type PoolWorkerOptions = Omit<
  WorkerOptions,
  | 'storage'
  | 'name'
  | 'canClaim'
  | 'functions'
  | 'logger'
  | 'clock'
  | 'workHorseKilledHandler'
  | 'horseStorage'
  | 'leaseStorage'
>

const {
  storage: _storage,
  name: _name,
  canClaim: _canClaim,
  functions: _functions,
  logger: _logger,
  clock: _clock,
  workHorseKilledHandler: _killed,
  horseStorage: _horseStorage,
  leaseStorage: _leaseStorage,
  ...POOL_WORKER_NAMES
} = WORKER_OPTION_NAMES

/** The names of {@link PoolWorkerOptions}. */
export const POOL_WORKER_OPTION_NAMES: OptionNames<PoolWorkerOptions> = POOL_WORKER_NAMES

/** The names of queues, or a plan of them. */
type PoolQueues = readonly string[] | QueuePlan

/** Everything that a pool worker needs to know. Survives `JSON.stringify`. */
export interface PoolWorkerSetup {
  readonly queues: PoolQueues
  /** Makes the worker's storage. */
  readonly storage: StorageSource
  /** Makes the storage of the worker's horses. */
  readonly horseStorage?: StorageSource
  readonly worker: PoolWorkerOptions
  readonly work: Pick<WorkOptions, 'dequeueStrategy'>
  readonly name: string
  readonly burst: boolean
  /** Whether the worker sends its log entries to the pool. */
  readonly isLogging: boolean
}

/**
 * Start a pool worker. Its setup, which may hold a password, is sent over the pipe.
 * @throws RqError `RQ_CONFIG` when its file is missing.
 */
export function forkPoolWorker(setup: PoolWorkerSetup): ChildProcess {
  const { file, args } = programFor('pool-worker', setup.worker.horsePath)
  const child = fork(file, [...args], { execArgv: [] })
  child.on('error', () => {})
  child.send(setup, () => {})
  return child
}

/**
 * The options as a pipe can carry them: keys as text.
 * @throws RqError `RQ_INVALID_OPTION` for a wrong key.
 */
export function portableOptions(options: PoolWorkerOptions): PoolWorkerOptions {
  const { requireSignature } = options
  if (requireSignature === undefined) return options
  return { ...options, requireSignature: { keys: portableKeys(requireSignature.keys, 'requireSignature.keys') } }
}

/**
 * Check the queues and options of a pool's workers. Returns the queues as a pipe can carry them.
 * @throws RqError `RQ_INVALID_OPTION` for invalid names, and for functions and objects that cannot be sent to a
 *   process.
 */
export function checkPoolWorkers(queues: WorkerQueues, options: PoolWorkerOptions): PoolQueues {
  checkOptionNames(options, POOL_WORKER_OPTION_NAMES, 'WorkerPool')
  for (const [name, value] of Object.entries(options)) {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (
      values.some((one) => typeof one === 'function') ||
      ((name === 'codec' || name === 'jobs') && typeof value === 'object')
    ) {
      throw invalidOption(name, value, "a reference ('./module#export'): the workers of a pool are other processes")
    }
  }
  // A worker that refuses its options would be replaced without end.
  WORKER_OPTIONS.webhooks.check(options.webhooks, 'webhooks')
  const runsInline = checkLanes(queues, options).some(({ horse }) => horse === 'inline')
  checkWatch(WORKER_OPTIONS.watch.check(options.watch ?? false, 'watch'), runsInline)
  return isQueuePlan(queues) ? queues : queueNames(queues)
}
