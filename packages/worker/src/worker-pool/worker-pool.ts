import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Backoff, type Logger, pause, RqError, randomHex, SECOND_MS, silentLogger, within } from '@rq/core'
import { POOL_OPTIONS } from '../option-table.ts'
import type { WorkerService } from '../worker-run.ts'
import { forkMember, type MemberSetup } from './pool-worker.ts'
import { relayLog } from './pool-worker-log.ts'

/** How a member's process is started. It works until SIGTERM (warm, a second one cold), or in a burst until it exits with 0. */
export type MemberStarter = (facts: {
  readonly number: number
  readonly name: string
  readonly burst: boolean
  /** Whether the pool writes what the member logs to its own log. */
  readonly isLogging: boolean
}) => ChildProcess

export interface WorkerPoolOptions {
  /** Workers, each a process of its own. Default 1. */
  readonly numWorkers?: number
  /** What members are called, with their number behind it. Default: random. */
  readonly name?: string
  readonly start: MemberStarter
  /** For the pool and its members, whose entries have a field `worker`. Default: silent. */
  readonly logger?: Logger
}

export interface PoolStartOptions {
  /** End when the queues are empty. Default false. */
  burst?: boolean
  /** Runs beside the pool for as long as it works. Default: none. */
  withScheduler?: WorkerService
}

/** A burst waits at most this long for the jobs that are due to be moved into their queues. */
const FIRST_LOOK_MS = 5 * SECOND_MS

/** A worker that lived this long was no failed start. */
const STABLE_MS = 10 * SECOND_MS
/** A member that does not leave after a cold stop is killed. */
const KILL_MS = 5 * SECOND_MS

/**
 * Several workers, each in a process of its own. A member that ends without being asked is replaced, after a wait that
 * doubles from 100 ms to 30 s while members end soon after their start. In a burst, a member that ends well is done.
 */
export class WorkerPool {
  readonly name: string
  readonly numWorkers: number
  readonly #start: MemberStarter
  readonly #logger: Logger
  readonly #members = new Map<number, ChildProcess>()
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #numbers = 0

  /** @throws RqError `RQ_INVALID_OPTION`. */
  constructor(options: WorkerPoolOptions) {
    this.numWorkers = POOL_OPTIONS.numWorkers.check(options.numWorkers ?? 1, 'numWorkers')
    this.name = options.name ?? randomHex().slice(0, 12)
    this.#start = options.start
    this.#logger = options.logger ?? silentLogger
  }

  /** Process ids of the living members. */
  get pids(): readonly number[] {
    return [...this.#members.values()].flatMap(({ pid }) => pid ?? [])
  }

  /**
   * Start the members and keep them going. Resolves when all have ended: after {@link stop}, or when a burst is done.
   * @throws RqError `RQ_INVALID_OPERATION` when it is running already; what the start of `withScheduler` throws.
   */
  async start(options: PoolStartOptions = {}): Promise<void> {
    if (this.#running !== undefined) throw new RqError('RQ_INVALID_OPERATION', `Pool ${this.name} is running already.`)
    const { burst = false, withScheduler } = options
    this.#stopping = new AbortController()
    this.#running = withScheduler === undefined ? this.#work(burst) : this.#workBeside(withScheduler, burst)
    try {
      await this.#running
    } finally {
      this.#running = undefined
    }
  }

  /** Ask all members to finish what runs and leave; with `force` at once. Resolves when {@link start} has. */
  async stop(options: { force?: boolean } = {}): Promise<void> {
    const ended = this.#running?.catch(() => {})
    this.#stopping.abort()
    for (const member of this.#members.values()) member.kill('SIGTERM')
    if (options.force === true) {
      // A second signal within a second counts as the first one, so that a doubled Ctrl-C kills nothing.
      await Promise.race([ended, pause(1.1 * SECOND_MS, new AbortController().signal)])
      for (const member of this.#members.values()) member.kill('SIGTERM')
      await Promise.race([ended, pause(KILL_MS, new AbortController().signal)])
      for (const member of this.#members.values()) member.kill('SIGKILL')
    }
    await ended
  }

  /** A service that cannot be reached in a burst's first look is no error: it goes on trying while the members work. */
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
    } finally {
      this.#logger.info(`Pool ${this.name} stopped`)
    }
  }

  /** One place of the pool: a member after the other. */
  async #keepGoing(burst: boolean): Promise<void> {
    const backoff = new Backoff({ firstMs: 100, mostMs: 30 * SECOND_MS })
    while (!this.#stopping.signal.aborted) {
      const number = ++this.#numbers
      const name = `${this.name}-${number}`
      const sinceMs = performance.now()
      const member = this.#start({ number, name, burst, isLogging: this.#logger !== silentLogger })
      member.on('message', (message) => relayLog(message, name, this.#logger))
      this.#members.set(number, member)
      const [code, signal] = await ended(member)
      this.#members.delete(number)
      if (this.#stopping.signal.aborted || (burst && code === 0)) return
      if (performance.now() - sinceMs > STABLE_MS) backoff.reset()
      this.#logger.warn(`Worker ${name} ended; another one takes its place`, { code, signal })
      await backoff.wait(this.#stopping.signal)
    }
  }
}

async function ended(member: ChildProcess): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  try {
    const [code, signal] = await once(member, 'exit')
    return [code, signal]
  } catch {
    // It could not even be started.
    return [null, null]
  }
}

/** Members that run {@link Worker} with these settings, told over IPC. */
export function workerMembers(setup: Omit<MemberSetup, 'name' | 'burst' | 'isLogging'>): MemberStarter {
  return ({ name, burst, isLogging }) => forkMember({ ...setup, name, burst, isLogging })
}
