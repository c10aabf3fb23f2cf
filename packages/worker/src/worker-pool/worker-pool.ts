import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  Backoff,
  checkOptionNames,
  type Logger,
  type LoggerLike,
  loggerOf,
  type OptionNames,
  pause,
  RqError,
  randomHex,
  SECOND_MS,
  silentLogger,
  within,
} from '@rq/core'
import { POOL_OPTIONS } from '../option-table.ts'
import type { WorkerService } from '../worker-service.ts'
import { forkPoolWorker, type PoolWorkerSetup, portableOptions } from './pool-worker.ts'
import { PoolLog } from './pool-worker-log.ts'
import { readRefusal } from './pool-worker-refusal.ts'

/**
 * Starts the process of a pool worker. It works until SIGTERM (a warm stop; a second one is cold), or in a burst until
 * it exits with 0.
 */
export type PoolWorkerStarter = (facts: {
  readonly number: number
  readonly name: string
  readonly burst: boolean
  /** Whether the pool relays the worker's log entries to its own log. */
  readonly isLogging: boolean
}) => ChildProcess

export interface WorkerPoolOptions {
  /** How many workers to keep, each in a process of its own. Default 1. */
  readonly numWorkers?: number
  /** The name of the pool. Its workers are called `<name>-<number>`. Default: random. */
  readonly name?: string
  readonly start: PoolWorkerStarter
  /**
   * The log of the pool and its workers, whose entries have a field `worker`. What a worker warns of its settings is
   * logged once. Default: silent.
   */
  readonly logger?: LoggerLike
}

export interface PoolStartOptions {
  /** End when the queues are empty. Default false. */
  burst?: boolean
  /** A service that runs while the pool works, such as a scheduler. Default: none. */
  withScheduler?: WorkerService
}

const POOL_NAMES: OptionNames<WorkerPoolOptions> = { numWorkers: true, name: true, start: true, logger: true }
/** The names of {@link PoolStartOptions}. */
export const POOL_START_OPTION_NAMES: OptionNames<PoolStartOptions> = { burst: true, withScheduler: true }

/** A burst waits at most this long for the jobs that are due to be moved into their queues. */
const FIRST_LOOK_MS = 5 * SECOND_MS

/** A worker that ran this long did not fail to start. */
const STABLE_MS = 10 * SECOND_MS
/** How long a worker may take to leave after a cold stop before it is killed. */
const KILL_MS = 5 * SECOND_MS

/**
 * Several workers, each in a process of its own. A worker that ends unasked is replaced, after a wait that doubles from
 * 100 ms to 30 s while workers end soon after their start. In a burst, a worker that exits with 0 is done.
 */
export class WorkerPool {
  readonly name: string
  readonly numWorkers: number
  readonly #start: PoolWorkerStarter
  readonly #logger: Logger
  readonly #log: PoolLog
  readonly #workers = new Map<number, ChildProcess>()
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #numbers = 0
  /** Why a worker refused its options, which ends the pool. */
  #refusal: RqError | undefined

  /** @throws RqError `RQ_INVALID_OPTION`. */
  constructor(options: WorkerPoolOptions) {
    checkOptionNames(options, POOL_NAMES, 'WorkerPool')
    this.numWorkers = POOL_OPTIONS.numWorkers.check(options.numWorkers ?? 1, 'numWorkers')
    this.name = options.name ?? randomHex().slice(0, 12)
    this.#start = options.start
    this.#logger = loggerOf(options.logger ?? silentLogger)
    this.#log = new PoolLog(this.#logger)
  }

  /** The process ids of the living workers. */
  get pids(): readonly number[] {
    return [...this.#workers.values()].flatMap(({ pid }) => pid ?? [])
  }

  /**
   * Start the workers and keep them running. Resolves when all have ended: after {@link stop}, or when a burst is done.
   * @throws RqError `RQ_INVALID_OPERATION` when it is running already; `RQ_INVALID_OPTION` when its workers refuse
   *   their options; what the start of `withScheduler` throws.
   */
  async start(options: PoolStartOptions = {}): Promise<void> {
    checkOptionNames(options, POOL_START_OPTION_NAMES, 'pool.start')
    if (this.#running !== undefined) throw new RqError('RQ_INVALID_OPERATION', `Pool ${this.name} is running already.`)
    const { burst = false, withScheduler } = options
    this.#stopping = new AbortController()
    this.#refusal = undefined
    this.#running = withScheduler === undefined ? this.#work(burst) : this.#workBeside(withScheduler, burst)
    try {
      await this.#running
    } finally {
      this.#running = undefined
    }
  }

  /**
   * Ask all workers to finish running jobs and leave; with `force`, to leave at once. Resolves when {@link start} has.
   */
  async stop(options: { force?: boolean } = {}): Promise<void> {
    checkOptionNames(options, { force: true }, 'pool.stop')
    const ended = this.#running?.catch(() => {})
    this.#stopping.abort()
    for (const worker of this.#workers.values()) worker.kill('SIGTERM')
    if (options.force === true) {
      // A second signal within a second counts as the first one, so that a doubled Ctrl-C kills nothing.
      await Promise.race([ended, pause(1.1 * SECOND_MS, new AbortController().signal)])
      for (const worker of this.#workers.values()) worker.kill('SIGTERM')
      await Promise.race([ended, pause(KILL_MS, new AbortController().signal)])
      for (const worker of this.#workers.values()) worker.kill('SIGKILL')
    }
    await ended
  }

  /** A service whose first `runOnce` fails before a burst is no error: it retries while the workers work. */
  async #workBeside(service: WorkerService, burst: boolean): Promise<void> {
    if (burst && service.runOnce !== undefined) await within(FIRST_LOOK_MS, service.runOnce()).catch(() => {})
    await service.start()
    try {
      if (!this.#stopping.signal.aborted) await this.#work(burst)
    } finally {
      await service.stop()
    }
  }

  async #work(burst: boolean): Promise<void> {
    this.#logger.info(`Pool ${this.name} started with ${this.numWorkers} workers`)
    try {
      await Promise.all(Array.from({ length: this.numWorkers }, () => this.#keepGoing(burst)))
      if (this.#refusal !== undefined) throw this.#refusal
    } finally {
      this.#logger.info(`Pool ${this.name} stopped`)
    }
  }

  /** No worker can start with these options. */
  #refuse(refusal: RqError): void {
    this.#refusal ??= refusal
    this.#stopping.abort()
    for (const worker of this.#workers.values()) worker.kill('SIGTERM')
  }

  /** Run one worker of the pool, and its replacements. */
  async #keepGoing(burst: boolean): Promise<void> {
    const backoff = new Backoff({ firstMs: 100, mostMs: 30 * SECOND_MS })
    while (!this.#stopping.signal.aborted) {
      const number = ++this.#numbers
      const name = `${this.name}-${number}`
      const sinceMs = performance.now()
      const worker = this.#start({ number, name, burst, isLogging: this.#logger !== silentLogger })
      worker.on('message', (message) => {
        const refusal = readRefusal(message)
        if (refusal === undefined) this.#log.relay(message, name)
        else this.#refuse(refusal)
      })
      this.#workers.set(number, worker)
      const [code, signal] = await ended(worker)
      this.#workers.delete(number)
      if (this.#stopping.signal.aborted || (burst && code === 0)) return
      if (performance.now() - sinceMs > STABLE_MS) backoff.reset()
      this.#logger.warn(`Worker ${name} ended; another one takes its place`, { code, signal })
      await backoff.wait(this.#stopping.signal)
    }
  }
}

async function ended(worker: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  try {
    const [code, signal] = await once(worker, 'exit')
    return [code, signal]
  } catch {
    // It could not be started.
    return [null, null]
  }
}

/** Makes a starter of processes that run a {@link Worker} with this setup. @throws as {@link portableOptions}. */
export function poolWorkers(setup: Omit<PoolWorkerSetup, 'name' | 'burst' | 'isLogging'>): PoolWorkerStarter {
  const worker = portableOptions(setup.worker)
  return ({ name, burst, isLogging }) => forkPoolWorker({ ...setup, worker, name, burst, isLogging })
}
