import { MessageChannel, type MessagePort, Worker as Thread } from 'node:worker_threads'
import { type Logger, pause, SECOND_MS } from '@rq/core'
import type { Claimed, Lease, WorkerIdentity, WorkerState } from '@rq/job'
import type { StorageSource } from '../inside-horse/protocol.ts'
import { leaseOf } from './lease-table.ts'
import { lawfulRunMs } from './longest-run.ts'
import { LeasePulse } from './loop-counters.ts'

/** A lease that the thread shall renew. */
export interface KeptLease {
  readonly lease: Lease
  /** How long its job may block the event loop; Infinity: for ever. */
  readonly lawfulMs: number
}

/** To the thread, which reads its letters when it is about to do something. */
export interface LeaseLetter {
  readonly held: readonly KeptLease[]
  /** Execution ids. */
  readonly over: readonly string[]
}

/** From the thread. */
export type LeaseNews =
  | { readonly type: 'lost'; readonly lease: Lease }
  /** The loop goes round again. */
  | { readonly type: 'unblocked'; readonly afterMs: number }
  /** The thread has stopped to renew: the loop is blocked for longer than any of its jobs may run. */
  | { readonly type: 'given_up'; readonly afterMs: number }

/** What the thread needs to know at its start. */
export interface LeaseThreadSetup {
  readonly source: StorageSource
  readonly letters: MessagePort
  readonly memory: SharedArrayBuffer
  readonly worker: WorkerIdentity
  readonly leaseMs: number
  readonly everyMs: number
}

export interface LeaseKeeperOptions {
  /** Makes the thread's own storage. */
  readonly source: StorageSource
  readonly worker: WorkerIdentity
  readonly leaseMs: number
  readonly everyMs: number
  readonly state: () => WorkerState
  readonly onLost: (lease: Lease) => void
  readonly logger: Logger
}

/** Runs from source use the built thread, as horses do. */
const ENTRY = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/lease/lease-thread.js' : './lease-thread.js',
  import.meta.url,
)
const LONGEST_TURN_MS = SECOND_MS / 4
const STOP_MS = 200

/**
 * Has the leases of a worker renewed by a thread with a storage of its own, for a worker whose event loop runs jobs: one
 * that is blocked by a job is alive, and its jobs are its own. The thread starts with the first lease, and dies with the
 * process. States: new -> working ({@link hold}) -> stopped.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #pulse = new LeasePulse()
  readonly #letters = new MessageChannel()
  #thread: Thread | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #turning: NodeJS.Timeout | undefined
  #over: string[] = []
  #seenAnswers = 0

  constructor(options: LeaseKeeperOptions) {
    this.#options = options
    for (const port of [this.#letters.port1, this.#letters.port2]) port.unref()
  }

  /** Moves whenever the thread is about to renew what it was told of by then. */
  get beats(): number {
    return this.#pulse.beats
  }

  /** From when this returns the jobs may block the loop. */
  hold(claimed: readonly Claimed[]): void {
    this.#start()
    this.#write(claimed.map((one) => ({ lease: leaseOf(one), lawfulMs: lawfulRunMs(one.job) })))
  }

  drop(executionId: string): void {
    this.#over.push(executionId)
  }

  /** Whether the thread has renewed the leases since this was asked last, so that nobody else needs to. */
  hasBeaten(): boolean {
    const { answers } = this.#pulse
    const hasBeaten = answers !== this.#seenAnswers
    this.#seenAnswers = answers
    return hasBeaten
  }

  /** Resolves when no heartbeat of the thread is to come any more. One that the store does not answer is not waited for. */
  async stop(): Promise<void> {
    clearInterval(this.#turning)
    const limit = new AbortController()
    if (this.#pulse.close()) await Promise.race([this.#exited, pause(STOP_MS, limit.signal)])
    limit.abort()
    await this.#thread?.terminate()
    this.#letters.port1.close()
  }

  #start(): void {
    if (this.#turning !== undefined) return
    const { everyMs, leaseMs, source, state, worker } = this.#options
    this.#pulse.turn(state())
    this.#turning = setInterval(() => this.#turn(), Math.min(everyMs / 4, LONGEST_TURN_MS)).unref()
    const letters = this.#letters.port2
    const setup: LeaseThreadSetup = { source, letters, memory: this.#pulse.memory, worker, leaseMs, everyMs }
    try {
      this.#thread = new Thread(ENTRY, { workerData: setup, transferList: [letters], execArgv: [] })
    } catch (error) {
      this.#failed(error)
      return
    }
    const thread = this.#thread
    this.#exited = new Promise((resolve) => thread.once('exit', resolve))
    this.#thread.on('error', (error) => this.#failed(error))
    this.#thread.on('message', (news: LeaseNews) => this.#hear(news))
    this.#thread.unref()
  }

  #turn(): void {
    this.#pulse.turn(this.#options.state())
    if (this.#over.length > 0) this.#write([])
  }

  #write(held: readonly KeptLease[]): void {
    const letter: LeaseLetter = { held, over: this.#over }
    this.#over = []
    this.#letters.port1.postMessage(letter)
  }

  #hear(news: LeaseNews): void {
    const { logger, onLost } = this.#options
    if (news.type === 'lost') onLost(news.lease)
    else if (news.type === 'unblocked') {
      logger.warn('A job has blocked the event loop; a thread has renewed the leases meanwhile', {
        ms: Math.round(news.afterMs),
      })
    } else {
      logger.error('The event loop was blocked for longer than any job of it may run: its leases were left to others', {
        ms: Math.round(news.afterMs),
      })
    }
  }

  #failed(error: unknown): void {
    this.#options.logger.warn(
      'The thread that renews leases has failed: a job that blocks the event loop may be taken for abandoned',
      { error: String(error) },
    )
  }
}
