import type { Clock, Logger } from '@rq/core'
import { SECOND_MS } from '@rq/core'
import type { Claimed, ClaimReply, ClaimRequest, Lease, SettleAnswer, Settlement, WorkerStore } from '@rq/job'
import { Backoff, pause } from './backoff.ts'
import type { QueueOrder } from './queue-order.ts'

/** Who owns the pump. */
export interface PumpOwner {
  /** How many jobs could be handed to horses now. */
  room(): number
  /** Whether the horses have enough to do for some milliseconds, so that a call can wait for more to carry. */
  isFed(): boolean
  onClaimed(jobs: readonly Claimed[]): void
  /** The settlement as it should be sent now. */
  onSending(settlement: Settlement): Settlement
  /** A settlement has reached the store. `lost` is not told of one that had to be sent again: it may be our own doing. */
  onSettled(settlement: Settlement, answer: SettleAnswer): void
  onGivenBack(leases: readonly Lease[]): void
  /** Whether `suspend` is in force, when that changes. */
  onSuspended(suspended: boolean): void
  /** There is nothing to send now. */
  onIdle(): void
}

export interface PumpOptions {
  readonly store: WorkerStore
  readonly workerName: string
  readonly leaseMs: number
  readonly queues: readonly string[]
  readonly order: QueueOrder
  readonly clock: Clock
  readonly logger: Logger
  /** Claim no more than this many jobs in all. Default: no limit. */
  readonly maxJobs?: number
  readonly random?: () => number
}

const MOST_SETTLED_AT_ONCE = 500
/** While the horses have enough to do, outcomes are gathered for so long. */
const GATHER_MS = 2
const MOST_CLAIMED_AT_ONCE = 500
const WAIT_MS = 10 * SECOND_MS
const SUSPENDED_POLL_MS = SECOND_MS
/** A wait that ends this soon, time after time, with nothing to claim is no wait. */
const SHORT_WAIT_MS = 20

/**
 * The worker's traffic with its store: one call at a time, which settles everything that has ended meanwhile and
 * claims as many jobs as there is room for. When a claim brings fewer, the queues are empty: it asks again when the
 * store says that there may be work, or when it has something to settle anyway. A settlement is kept and sent again
 * until the store has taken it.
 */
export class Pump {
  readonly #options: PumpOptions
  readonly #owner: PumpOwner
  readonly #backoff: Backoff
  readonly #closing = new AbortController()
  #settlements: Settlement[] = []
  #returns: Lease[] = []
  #budget: number
  #claiming = true
  /** The last claim found less than was wanted. */
  #dry = false
  #suspended = false
  /** Until the next look at the suspension. */
  #paused = false
  #waiting = false
  #emptyWaits = 0
  #busy: 'no' | 'claiming' | 'writing' = 'no'
  #wake: () => void = () => {}
  #woken = false
  #gatherTimer: NodeJS.Timeout | undefined
  #gathered = false

  constructor(options: PumpOptions, owner: PumpOwner) {
    this.#options = options
    this.#owner = owner
    this.#budget = options.maxJobs ?? Number.POSITIVE_INFINITY
    this.#backoff = new Backoff({ firstMs: 50, mostMs: 5000, ...(options.random && { random: options.random }) })
  }

  /** Whether the queues were found empty at last. */
  get isDry(): boolean {
    return this.#dry
  }

  get isSuspended(): boolean {
    return this.#suspended
  }

  /** Whether it may claim no more: `maxJobs` is reached, or it was told to stop. */
  get isSpent(): boolean {
    return !this.#claiming || this.#budget <= 0
  }

  /** Whether something has still to reach the store. */
  get isWriting(): boolean {
    return this.#busy === 'writing' || this.#settlements.length > 0 || this.#returns.length > 0
  }

  /** Whether a call is under way. */
  get isCalling(): boolean {
    return this.#busy !== 'no'
  }

  settle(settlement: Settlement): void {
    this.#settlements.push(settlement)
    this.nudge()
  }

  /** Put jobs that were not begun back at the head of their queues, in order. */
  giveBack(leases: readonly Lease[]): void {
    this.#returns.push(...leases)
    this.#budget += leases.length
    this.nudge()
  }

  /** Something has changed: there is room, or something to write. */
  nudge(): void {
    this.#woken = true
    this.#wake()
  }

  stopClaiming(): void {
    this.#claiming = false
    this.nudge()
  }

  /** Leave the loop after the call under way; what was not written stays unwritten. */
  close(): void {
    this.#closing.abort()
    this.nudge()
  }

  /** The loop. Resolves after {@link close}; never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      this.#woken = false
      if (this.#returns.length > 0) await this.#sendReturns()
      else if (this.#canGather()) await this.#sleep()
      else {
        this.#endGathering()
        const settlements = this.#settlements.splice(0, MOST_SETTLED_AT_ONCE)
        const want = this.#want(settlements.length > 0)
        if (settlements.length > 0 || want > 0) await this.#exchange(settlements, want)
        else await this.#idle()
      }
    }
  }

  #want(asPassenger: boolean): number {
    if (this.isSpent || this.#paused) return 0
    if (this.#dry && !asPassenger) return 0
    return Math.max(0, Math.min(this.#owner.room(), this.#budget, this.#options.order.mostAtOnce, MOST_CLAIMED_AT_ONCE))
  }

  async #idle(): Promise<void> {
    if (this.#dry && !this.#waiting && !this.isSpent && !this.#paused) void this.#waitForWork()
    this.#owner.onIdle()
    if (!this.#woken) await this.#sleep()
  }

  /** Until the next {@link nudge}. */
  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = () => {}
  }

  /** Whether the next call had better wait a little: with short jobs, a call for each costs more than the jobs. */
  #canGather(): boolean {
    if (this.#gathered || this.#settlements.length >= MOST_SETTLED_AT_ONCE || !this.#owner.isFed()) return false
    this.#gatherTimer ??= setTimeout(() => {
      this.#gathered = true
      this.nudge()
    }, GATHER_MS)
    return true
  }

  #endGathering(): void {
    clearTimeout(this.#gatherTimer)
    this.#gatherTimer = undefined
    this.#gathered = false
  }

  async #waitForWork(): Promise<void> {
    const { clock, queues, store } = this.#options
    const { signal } = this.#closing
    this.#waiting = true
    const sinceMs = clock.monotonicMs()
    try {
      await unlessAborted(store.waitForWork(queues, WAIT_MS, signal), signal)
      const wasShort = clock.monotonicMs() - sinceMs < SHORT_WAIT_MS
      this.#emptyWaits = wasShort ? this.#emptyWaits + 1 : 0
      if (this.#emptyWaits > 3) await pause(Math.min(SECOND_MS, 2 ** this.#emptyWaits), signal)
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn('Cannot wait for work; trying again', { error: messageOf(error) })
      await this.#backoff.wait(signal)
    }
    this.#waiting = false
    this.#dry = false
    this.nudge()
  }

  async #exchange(settlements: readonly Settlement[], want: number): Promise<void> {
    const { leaseMs, order, store, workerName } = this.#options
    const request: ClaimRequest | undefined = want > 0 ? { queues: order.next(), want, workerName, leaseMs } : undefined
    if (settlements.length === 0) {
      if (request === undefined) return
      const reply = await this.#insist(
        'claiming',
        () => store.claim(request),
        () => this.#claiming,
      )
      if (reply !== undefined) this.#take(reply.value, want)
      return
    }
    const send = () =>
      store.settle(
        workerName,
        settlements.map((one) => this.#owner.onSending(one)),
        request,
      )
    const reply = await this.#insist('writing', send, () => true)
    if (reply === undefined) {
      this.#settlements = [...settlements, ...this.#settlements]
      return
    }
    const { answers, claimed } = reply.value
    settlements.forEach((settlement, index) => {
      const answer = answers[index] ?? 'applied'
      this.#owner.onSettled(settlement, answer === 'lost' && reply.resent ? 'applied' : answer)
    })
    if (request !== undefined) this.#take(claimed, want)
  }

  #take({ jobs, suspended }: ClaimReply, want: number): void {
    this.#budget -= jobs.length
    this.#dry = jobs.length < want
    if (jobs.length > 0) this.#emptyWaits = 0
    for (const { job } of jobs) this.#options.order.served(job.origin)
    if (suspended !== this.#suspended) {
      this.#suspended = suspended
      this.#owner.onSuspended(suspended)
    }
    if (suspended) void this.#pollSuspension()
    if (jobs.length > 0) this.#owner.onClaimed(jobs)
  }

  async #pollSuspension(): Promise<void> {
    this.#paused = true
    await pause(SUSPENDED_POLL_MS, this.#closing.signal)
    this.#paused = false
    this.#dry = false
    this.nudge()
  }

  async #sendReturns(): Promise<void> {
    const leases = this.#returns
    this.#returns = []
    const done = await this.#insist(
      'writing',
      () => this.#options.store.giveBack(leases),
      () => true,
    )
    if (done === undefined) this.#returns = [...leases, ...this.#returns]
    else this.#owner.onGivenBack(leases)
    this.#dry = false
  }

  /** Call until it succeeds, waiting longer each time; undefined when it was given up. */
  async #insist<T>(
    kind: 'claiming' | 'writing',
    call: () => Promise<T>,
    stillWanted: () => boolean,
  ): Promise<{ value: T; resent: boolean } | undefined> {
    const { logger } = this.#options
    const { signal } = this.#closing
    this.#busy = kind
    try {
      for (let resent = false; !signal.aborted && stillWanted(); resent = true) {
        try {
          const value = await call()
          if (resent) logger.info('The store answers again')
          this.#backoff.reset()
          return { value, resent }
        } catch (error) {
          // Once per outage: reconnecting is the store's business, and it has its own words for it.
          if (!resent) logger.warn('The store does not answer; trying again until it does', { error: messageOf(error) })
          await this.#backoff.wait(signal)
        }
      }
      return undefined
    } finally {
      this.#busy = 'no'
    }
  }
}

/** The promise, or nothing as soon as `signal` fires. */
function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve()
    signal.addEventListener('abort', leave, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
