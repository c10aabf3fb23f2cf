import { type Clock, type Logger, pause, SECOND_MS } from '@rq/core'
import type { Claimed, ClaimReply, ClaimRequest, Lease, SettleAnswer, Settlement, WorkerStore } from '@rq/job'
import type { QueueOrder } from './queue-order.ts'
import { Persistence } from './store-retry.ts'
import { WorkWait } from './work-wait.ts'

/** Who owns the pump. */
export interface PumpOwner {
  /** How many jobs could be handed to horses now. */
  room(): number
  /** Whether some of the jobs may have to wait behind others. */
  handsAhead(): boolean
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
  /** Claim no more than this many jobs in all. */
  readonly maxJobs: number | undefined
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

const MOST_SETTLED_AT_ONCE = 500
const MOST_CLAIMED_AT_ONCE = 500
/** While the horses have enough to do, outcomes are gathered for so long. */
const GATHER_MS = 2
const SUSPENDED_POLL_MS = SECOND_MS
/** So many settling calls are under way at most; a second one only with enough to carry to be worth a call of its own. */
const MOST_CALLS = 2
const ENOUGH_FOR_ANOTHER = 32

/**
 * The worker's traffic with its store: a call settles everything that has ended since the one before, and claims as many
 * jobs as there is room for. With many short jobs the next call is sent before the answer to the last one has come, so
 * that the store has something to do while the worker reads it. When a claim brings fewer, the queues are empty: it asks again when the
 * store says that there may be work, or when it has something to settle anyway. A settlement is kept and sent again
 * until the store has taken it.
 */
export class Pump {
  readonly #options: PumpOptions
  readonly #owner: PumpOwner
  readonly #closing = new AbortController()
  readonly #persistence: Persistence
  readonly #wait: WorkWait
  #settlements: Settlement[] = []
  #returns: Lease[] = []
  #budget: number
  #claiming = true
  /** The last claim found less than was wanted. */
  #dry = false
  #suspended = false
  /** Until the next look at the suspension. */
  #paused = false
  /** Settling calls under way. */
  readonly #calls = new Set<Promise<void>>()
  /** How many jobs they have asked for. */
  #wanted = 0
  #returning = false
  /** Ended jobs had more dependents than one call releases. */
  #releasing = false
  #wake: () => void = () => {}
  #woken = false
  #waitTimer: NodeJS.Immediate | undefined
  #gatherTimer: NodeJS.Timeout | undefined
  #gathered = false

  constructor(options: PumpOptions, owner: PumpOwner) {
    const { clock, logger, maxJobs, queues, random, store } = options
    const { signal } = this.#closing
    this.#options = options
    this.#owner = owner
    this.#budget = maxJobs ?? Number.POSITIVE_INFINITY
    this.#persistence = new Persistence({ logger, signal, random })
    // Waiting has patience of its own, so that a store that is away for waiters only does not slow down the rest.
    const persistence = new Persistence({ logger, signal, random })
    this.#wait = new WorkWait({ store, queues, clock, persistence, signal })
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
    if (this.#calls.size > 0 || this.#returning || this.#releasing) return true
    return this.#settlements.length > 0 || this.#returns.length > 0
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
    // Every job that ends comes through here; while more are gathered it wakes nobody.
    if (this.#isGathering() || this.#isHeldBack()) return
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
      if (this.#releasing) await this.#releaseMore()
      if (this.#returns.length > 0) await this.#sendReturns()
      else if (this.#isHeldBack() || this.#canGather()) await this.#sleep()
      else {
        this.#endGathering()
        const settlements = this.#settlements.splice(0, MOST_SETTLED_AT_ONCE)
        const claim = this.#claimRequest(settlements.length > 0)
        if (settlements.length > 0) this.#startCall(settlements, claim)
        else if (claim !== undefined) await this.#claim(claim)
        else if (!this.#releasing) await this.#idle()
      }
    }
    this.#endGathering()
    await Promise.all(this.#calls)
  }

  /** Whether what there is to send waits for a call under way to end. */
  #isHeldBack(): boolean {
    const { size } = this.#calls
    if (size === 0 || this.#returns.length > 0 || this.#closing.signal.aborted) return false
    return size >= MOST_CALLS || this.#settlements.length < ENOUGH_FOR_ANOTHER
  }

  #startCall(settlements: readonly Settlement[], claim: ClaimRequest | undefined): void {
    this.#wanted += claim?.want ?? 0
    const call = this.#settle(settlements, claim).then(() => {
      this.#calls.delete(call)
      this.nudge()
    })
    this.#calls.add(call)
  }

  /** What to ask for. Empty queues are asked only where it costs nothing, along with settlements. */
  #claimRequest(isPassenger: boolean): ClaimRequest | undefined {
    const { leaseMs, order, workerName } = this.#options
    if (this.isSpent || this.#paused || (this.#dry && !isPassenger)) return undefined
    const free = Math.min(this.#owner.room(), this.#budget) - this.#wanted
    const want = Math.min(free, order.mostAtOnce, MOST_CLAIMED_AT_ONCE)
    return want > 0
      ? { queues: order.next(), want, workerName, leaseMs, isPrefetch: this.#owner.handsAhead() }
      : undefined
  }

  async #idle(): Promise<void> {
    this.#waitSoon()
    this.#owner.onIdle()
    if (!this.#woken) await this.#sleep()
  }

  /**
   * When the event loop has gone round twice: what a short job has come to goes first, and brings new jobs along where there
   * are any, and so does the news of it to those who wait for the job in this process.
   */
  #waitSoon(): void {
    this.#waitTimer ??= setImmediate(() => {
      this.#waitTimer = setImmediate(() => {
        this.#waitTimer = undefined
        if (this.#dry && !this.isWriting && !this.isSpent && !this.#paused) this.#wait.start(() => this.#askAgain())
      })
    })
  }

  /** Until the next {@link nudge}. */
  async #sleep(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#wake = () => {}
  }

  #askAgain(): void {
    this.#dry = false
    this.nudge()
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

  /** Whether the loop sleeps to gather more, and may go on to. */
  #isGathering(): boolean {
    if (this.#gatherTimer === undefined || this.#returns.length > 0 || this.#closing.signal.aborted) return false
    return this.#canGather()
  }

  #endGathering(): void {
    clearTimeout(this.#gatherTimer)
    this.#gatherTimer = undefined
    this.#gathered = false
  }

  async #claim(request: ClaimRequest): Promise<void> {
    const reply = await this.#persistence.insist(
      () => this.#options.store.claim(request),
      () => this.#claiming,
    )
    if (reply !== undefined) this.#take(reply.value, request)
  }

  async #settle(settlements: readonly Settlement[], claim: ClaimRequest | undefined): Promise<void> {
    const { store, workerName } = this.#options
    const reply = await this.#persistence.insist(() => {
      const sent = settlements.map((settlement) => this.#owner.onSending(settlement))
      return store.settle(workerName, sent, claim)
    })
    this.#wanted -= claim?.want ?? 0
    if (reply === undefined) {
      this.#settlements = [...settlements, ...this.#settlements]
      return
    }
    const { answers, claimed, releasing = false } = reply.value
    if (releasing) this.#releasing = true
    settlements.forEach((settlement, index) => {
      const answer = answers[index] ?? 'applied'
      this.#owner.onSettled(settlement, answer === 'lost' && reply.resent ? 'applied' : answer)
    })
    if (claim !== undefined) this.#take(claimed, claim)
  }

  /** One round of it, so that other traffic goes on between two. */
  async #releaseMore(): Promise<void> {
    const more = await this.#persistence.insist(() => this.#options.store.releaseDependents())
    this.#releasing = more?.value ?? false
    this.#dry = false
  }

  async #sendReturns(): Promise<void> {
    const leases = this.#returns
    this.#returns = []
    this.#returning = true
    const done = await this.#persistence.insist(() => this.#options.store.giveBack(leases))
    this.#returning = false
    this.#dry = false
    if (done === undefined) this.#returns = [...leases, ...this.#returns]
    else this.#owner.onGivenBack(leases)
  }

  #take({ jobs, suspended }: ClaimReply, { want }: ClaimRequest): void {
    this.#budget -= jobs.length
    this.#dry = jobs.length < want
    for (const { job } of jobs) this.#options.order.served(job.origin)
    if (suspended !== this.#suspended) {
      this.#suspended = suspended
      this.#owner.onSuspended(suspended)
    }
    if (suspended) void this.#pauseClaims()
    if (jobs.length === 0) return
    this.#wait.paidOff()
    this.#owner.onClaimed(jobs)
  }

  async #pauseClaims(): Promise<void> {
    this.#paused = true
    await pause(SUSPENDED_POLL_MS, this.#closing.signal)
    this.#paused = false
    this.#askAgain()
  }
}
