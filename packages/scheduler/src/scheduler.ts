import { hostname } from 'node:os'
import {
  type Clock,
  checkKnownName,
  checkOptionNames,
  checkQueueName,
  type DurationLike,
  invalidOption,
  type Logger,
  type LoggerLike,
  loggerOf,
  type OptionNames,
  oneLine,
  RqError,
  randomHex,
  SECOND_MS,
  silentLogger,
  systemClock,
  within,
} from '@rq/core'
import type { SchedulerNotice, Storage } from '@rq/job'
import { checkedContextOf, type StorageOptions } from '@rq/queue'
import { Leadership } from './leadership.ts'
import { SCHEDULER_OPTIONS } from './option-table.ts'
import { Promoter } from './promoter.ts'
import { SchedulerInfo } from './scheduler-info.ts'
import { ScheduleTicker } from './schedules/schedule-ticker.ts'

export interface SchedulerOptions {
  readonly storage: Storage
  /** How often it looks for jobs of programs that send no notice, such as Python's. Default 1 s, at least 10 ms. */
  readonly interval?: DurationLike
  /**
   * Unique among schedulers. Default: the process id, `000`, and 20 random digits. Python RQ up to 2.9 can read no
   * other name in a lock, and shows it as the process id.
   */
  readonly name?: string
  /** For how many milliseconds it leads its queues after its last renewal. Default 5000, at least 100. */
  readonly leaseMs?: number
  /** Default: silent. */
  readonly logger?: LoggerLike
  readonly clock?: Clock
}

/** The names of {@link SchedulerOptions}. */
export const SCHEDULER_OPTION_NAMES: OptionNames<SchedulerOptions> = {
  storage: true,
  interval: true,
  name: true,
  leaseMs: true,
  logger: true,
  clock: true,
}

/** A queue, or its name. */
export type SchedulerQueue = string | { readonly name: string }

const SHORTEST_LEASE_MS = 100
/** A store that does not answer does not keep a scheduler from leaving. */
const LEAVE_MS = 500

/**
 * Moves scheduled jobs, delayed retries and repeats into their queues when they are due, and enqueues the jobs of
 * schedules. One scheduler leads each queue; the others stand by and take over within `leaseMs` when it dies, at once
 * when it leaves. It keeps the process alive while it runs. States: stopped -> started ({@link start}) -> stopped
 * ({@link stop}), any number of times.
 */
export class Scheduler {
  readonly name: string
  readonly queueNames: readonly string[]
  readonly #storage: Storage
  readonly #leadership: Leadership
  readonly #promoter: Promoter
  readonly #ticker: ScheduleTicker
  readonly #logger: Logger
  /** Identifies one start; undefined while it is stopped. */
  #run: symbol | undefined
  #unsubscribe: (() => Promise<void>) | undefined

  /** @throws RqError `RQ_INVALID_OPTION`. Connects to nothing. */
  constructor(queues: SchedulerQueue | readonly SchedulerQueue[], options: SchedulerOptions) {
    checkOptionNames(options, SCHEDULER_OPTION_NAMES, 'Scheduler')
    const { clock = systemClock, leaseMs = 5 * SECOND_MS, logger = silentLogger, name, storage } = options
    if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
    if (!(Number.isFinite(leaseMs) && leaseMs >= SHORTEST_LEASE_MS)) {
      throw invalidOption('leaseMs', leaseMs, `a number of milliseconds, at least ${SHORTEST_LEASE_MS}`)
    }
    const { interval } = SCHEDULER_OPTIONS
    const pollMs = interval.check(options.interval ?? interval.default, 'interval')
    this.name = name === undefined ? newName() : SCHEDULER_OPTIONS.name.check(name, 'name')
    this.queueNames = namesOf(queues)
    this.#storage = storage
    this.#logger = loggerOf(logger).child({ scheduler: this.name })
    const store = storage.schedules
    this.#leadership = new Leadership({
      store,
      scheduler: {
        name: this.name,
        queues: this.queueNames,
        pid: process.pid,
        hostname: hostname(),
        createdAtMs: clock.nowMs(),
      },
      leaseMs: Math.round(leaseMs),
      clock,
      logger: this.#logger,
      onLead: (gained) => {
        for (const queue of gained) {
          this.#promoter.wake(queue)
          this.#ticker.wake(queue)
        }
      },
    })
    this.#promoter = new Promoter({
      store,
      queues: this.queueNames,
      leader: this.name,
      leads: (queue) => this.#leadership.leads(queue),
      onLost: (queue) => this.#leadership.lose(queue),
      pollMs,
      clock,
      logger: this.#logger,
    })
    this.#ticker = new ScheduleTicker({
      store: storage.recurring,
      queues: this.queueNames,
      leads: (queue) => this.#leadership.leads(queue),
      clock,
      logger: this.#logger,
    })
  }

  /**
   * The record of a scheduler, by its name. A scheduler has one while it leads a queue, and for 61 s after its death;
   * Python's has one while it runs.
   * @throws RqError `RQ_NO_SUCH_SCHEDULER`.
   */
  static async fetch(name: string, options: StorageOptions = {}): Promise<SchedulerInfo> {
    const { storage } = checkedContextOf(options, 'Scheduler.fetch')
    const record = await storage.schedules.scheduler(checkKnownName(name, 'name'))
    if (record === undefined)
      throw new RqError('RQ_NO_SUCH_SCHEDULER', `There is no scheduler named '${oneLine(name)}'.`)
    return new SchedulerInfo(record)
  }

  get status(): 'stopped' | 'started' {
    return this.#run === undefined ? 'stopped' : 'started'
  }

  /** The queues that it leads: those whose due jobs it moves. */
  get ledQueues(): readonly string[] {
    return this.#leadership.queues
  }

  /**
   * Begin. Resolves when it receives notices. A store that does not answer yet is no error. Does nothing when started
   * already.
   * @throws RqError `RQ_CLOSED`.
   */
  async start(): Promise<void> {
    if (this.#run !== undefined) return
    const run = Symbol('run')
    this.#run = run
    try {
      const unsubscribe = await this.#storage.schedules.onNotice((notice) => this.#onNotice(notice))
      // Stopped meanwhile.
      if (this.#run !== run) return await unsubscribe()
      this.#unsubscribe = unsubscribe
    } catch (error) {
      if (this.#run === run) this.#run = undefined
      throw error
    }
    this.#promoter.start()
    this.#ticker.start()
    this.#leadership.start()
  }

  /**
   * Free the queues that it leads, so that others take over at once. Resolves within a second, whatever the store does.
   */
  async stop(): Promise<void> {
    this.#run = undefined
    const unsubscribe = this.#unsubscribe
    this.#unsubscribe = undefined
    const ended = Promise.all([this.#leadership.stop(), this.#promoter.stop(), this.#ticker.stop()])
    await Promise.all([within(LEAVE_MS, ended), unsubscribe?.()])
  }

  /**
   * Take the lead of queues that have no leader, move the jobs that are due now, and enqueue those of due schedules.
   * Returns how many. It leads these queues until {@link stop}, or for one lease.
   * @throws RqError of the store.
   */
  async runOnce(): Promise<number> {
    let count = 0
    do {
      await this.#leadership.runOnce()
      const [moved, enqueued] = await Promise.all([this.#promoter.runOnce(), this.#ticker.runOnce()])
      count += moved + enqueued
      // Until `start` nothing else renews a lease that ends before all is done.
    } while (this.#leadership.hasRunOut)
    return count
  }

  toString(): string {
    return `<Scheduler ${this.name}>`
  }

  #onNotice({ kind, queue }: SchedulerNotice): void {
    if (!this.queueNames.includes(queue)) return
    if (kind === 'free') this.#leadership.wake()
    else if (kind === 'schedule') this.#ticker.wake(queue)
    else this.#promoter.wake(queue)
  }
}

const RANDOM_DIGITS = 20

function newName(): string {
  const random = BigInt(`0x${randomHex()}`) % 10n ** BigInt(RANDOM_DIGITS)
  return `${process.pid}000${random.toString().padStart(RANDOM_DIGITS, '0')}`
}

function namesOf(queues: SchedulerQueue | readonly SchedulerQueue[]): readonly string[] {
  const list = Array.isArray(queues) ? (queues as readonly SchedulerQueue[]) : [queues as SchedulerQueue]
  if (list.length === 0) throw invalidOption('queues', queues, 'at least one queue')
  return [...new Set(list.map((queue) => checkQueueName(typeof queue === 'object' ? queue?.name : queue, 'queues')))]
}
