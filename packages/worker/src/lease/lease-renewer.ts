import { MessageChannel, type MessagePort, Worker as Thread } from 'node:worker_threads'
import { type Logger, SECOND_MS, within } from '@rq/core'
import type { JobRecord, Lease, WorkerIdentity, WorkerState } from '@rq/job'
import type { StorageSource } from '../inside-horse/protocol.ts'
import { programFor } from '../program.ts'
import { LeaseSlots } from './lease-slots.ts'
import { longestRunMs } from './longest-run.ts'
import { LoopCounters } from './loop-counters.ts'

/** A job that this worker has leased. */
export interface LeasedJob {
  readonly id: string
  readonly lease: Lease
  readonly job: JobRecord
  /** Where the thread finds the lease; undefined when it is sent as a message. Written by the renewer. */
  leaseSlot: number | undefined
}

/** A lease that the thread must renew. */
export interface RenewedLease {
  readonly lease: Lease
  /** How long its job may block the event loop, in milliseconds; Infinity = forever. */
  readonly longestRunMs: number
}

/**
 * A message to the thread, which reads its messages before each renewal: only about leases that find no place in
 * {@link LeaseSlots}.
 */
export interface RenewerMessage {
  readonly held: readonly RenewedLease[]
  /** Execution ids whose leases need no more renewals. */
  readonly dropped: readonly string[]
}

/** A message from the thread. */
export type RenewerNotice =
  | { readonly type: 'lost'; readonly lease: Lease }
  /** Another worker has taken the name of this one. */
  | { readonly type: 'name_taken' }
  /** The event loop turns again. */
  | { readonly type: 'unblocked'; readonly afterMs: number }
  /** The thread has stopped renewing: the event loop is blocked for longer than any of its jobs may run. */
  | { readonly type: 'given_up'; readonly afterMs: number }

/** What the thread needs to know at its start. */
export interface LeaseThreadSetup {
  readonly source: StorageSource
  readonly messages: MessagePort
  /** Of {@link LoopCounters}. */
  readonly counters: SharedArrayBuffer
  /** Of {@link LeaseSlots}. */
  readonly slots: SharedArrayBuffer
  readonly worker: WorkerIdentity
  readonly leaseMs: number
  readonly everyMs: number
}

export interface LeaseRenewerOptions {
  /** Makes the thread's own storage. */
  readonly source: StorageSource
  readonly horsePath: string | undefined
  readonly worker: WorkerIdentity
  readonly leaseMs: number
  readonly everyMs: number
  readonly state: () => WorkerState
  readonly onLost: (lease: Lease) => void
  readonly onNameTaken: () => void
  readonly logger: Logger
}

const LONGEST_TURN_MS = SECOND_MS / 4
const STOP_MS = 200

/**
 * Renews the leases of a worker whose event loop runs jobs, from a thread with a storage of its own: a worker that is
 * blocked by a job is alive, and keeps its jobs. The thread starts with the first lease and dies with the process.
 * States: new -> renewing ({@link hold}) -> stopped.
 */
export class LeaseRenewer {
  readonly #options: LeaseRenewerOptions
  readonly #counters = new LoopCounters()
  readonly #slots = new LeaseSlots()
  readonly #channel = new MessageChannel()
  #thread: Thread | undefined
  #exited: Promise<unknown> = Promise.resolve()
  #turning: NodeJS.Timeout | undefined
  #dropped: string[] = []
  #answersSeen = 0

  constructor(options: LeaseRenewerOptions) {
    this.#options = options
    for (const port of [this.#channel.port1, this.#channel.port2]) port.unref()
  }

  /** Incremented before each renewal. */
  get renewals(): number {
    return this.#counters.renewals
  }

  /** Renew the leases of these jobs, too. Once this returns, jobs may block the event loop. */
  hold(jobs: readonly LeasedJob[]): void {
    this.#start()
    const others: RenewedLease[] = []
    for (const one of jobs) {
      const { id, job } = one
      const limitMs = longestRunMs(job)
      one.leaseSlot = this.#slots.put(job.origin, job.id, id, limitMs)
      if (one.leaseSlot === undefined) others.push({ lease: one.lease, longestRunMs: limitMs })
    }
    if (others.length > 0) this.#post(others)
  }

  drop({ id, leaseSlot }: LeasedJob): void {
    if (leaseSlot === undefined) this.#dropped.push(id)
    else this.#slots.free(leaseSlot)
  }

  /** Whether the thread has renewed the leases since the last call, so that the heartbeat need not. */
  hasRenewed(): boolean {
    const { answers } = this.#counters
    const hasRenewed = answers !== this.#answersSeen
    this.#answersSeen = answers
    return hasRenewed
  }

  /** How long ago the thread last renewed the leases, in milliseconds; Infinity if it never did. */
  get renewedAgoMs(): number {
    return this.#counters.answeredAgoMs
  }

  /** Resolves when the thread sends no more heartbeats. Does not wait for a store that does not answer. */
  async stop(): Promise<void> {
    clearInterval(this.#turning)
    if (this.#counters.close()) await within(STOP_MS, this.#exited)
    await this.#thread?.terminate()
    this.#channel.port1.close()
  }

  #start(): void {
    if (this.#turning !== undefined) return
    const { everyMs, leaseMs, source, state, worker } = this.#options
    this.#counters.turn(state())
    this.#turning = setInterval(() => this.#turn(), Math.min(everyMs / 4, LONGEST_TURN_MS)).unref()
    const messages = this.#channel.port2
    const memories = { counters: this.#counters.memory, slots: this.#slots.memory }
    const setup: LeaseThreadSetup = { source, messages, ...memories, worker, leaseMs, everyMs }
    try {
      const { file, args } = programFor('lease-thread', this.#options.horsePath)
      this.#thread = new Thread(file, { argv: [...args], workerData: setup, transferList: [messages], execArgv: [] })
    } catch (error) {
      this.#warnOfFailure(error)
      return
    }
    const thread = this.#thread
    this.#exited = new Promise((resolve) => thread.once('exit', resolve))
    this.#thread.on('error', (error) => this.#warnOfFailure(error))
    this.#thread.on('message', (notice: RenewerNotice) => this.#receive(notice))
    this.#thread.unref()
  }

  #turn(): void {
    this.#counters.turn(this.#options.state())
    if (this.#dropped.length > 0) this.#post([])
  }

  #post(held: readonly RenewedLease[]): void {
    const message: RenewerMessage = { held, dropped: this.#dropped }
    this.#dropped = []
    this.#channel.port1.postMessage(message)
  }

  #receive(notice: RenewerNotice): void {
    const { logger, onLost, onNameTaken } = this.#options
    switch (notice.type) {
      case 'lost':
        onLost(notice.lease)
        return
      case 'name_taken':
        onNameTaken()
        return
      case 'unblocked':
        logger.warn('A job blocked the event loop; a thread renewed the leases meanwhile', {
          ms: Math.round(notice.afterMs),
        })
        return
      case 'given_up':
        logger.error('The event loop was blocked longer than any job may run; stopped renewing its leases', {
          ms: Math.round(notice.afterMs),
        })
    }
  }

  #warnOfFailure(error: unknown): void {
    this.#options.logger.warn(
      'The thread that renews leases failed: a job that blocks the event loop may be taken for abandoned',
      { error: String(error) },
    )
  }
}
