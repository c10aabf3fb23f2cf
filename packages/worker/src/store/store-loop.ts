import { FailureLog, pause, SECOND_MS } from '@rq/core'
import type { ClaimReply, ClaimRequest, GiveBackAnswer, Lease, WorkerState } from '@rq/job'
import { QueueHolds } from '../holds/queue-holds.ts'
import { ClaimRoom } from './claim-room.ts'
import { DependentsRelease } from './dependents-release.ts'
import { Gathering } from './gathering.ts'
import { LoopRest } from './loop-rest.ts'
import { type LoopState, nextStep } from './next-step.ts'
import { Returns } from './returns.ts'
import { SettlementQueue } from './settlement-queue.ts'
import { type PendingSettlement, SettlementSender } from './settlement-sender.ts'
import type { ShownState } from './shown-state.ts'
import type { StoreLoopOptions } from './store-loop-options.ts'
import { type Refused, StoreRetry } from './store-retry.ts'
import { type WaitingClaim, WorkWait } from './work-wait.ts'

const SUSPENDED_POLL_MS = SECOND_MS
/** How long to claim nothing after the store refused a claim. */
const REFUSED_PAUSE_MS = 5 * SECOND_MS

/**
 * The worker's traffic with its store. One call settles every job that has ended since the call before, and claims as
 * many jobs as the horses can take. With many short jobs the next call is sent before the answer to the last one
 * arrives, so that the store works while the worker reads. A claim that brings fewer jobs than it asked for found the
 * queues empty: the loop claims again when the store reports possible work, or along with the next settlements. A
 * settlement is kept and resent until the store has answered. What to do next is decided by {@link nextStep}.
 */
export class StoreLoop {
  readonly #options: StoreLoopOptions
  readonly #closing = new AbortController()
  /** Ends the wait for work. */
  readonly #waiting = new AbortController()
  readonly #retry: StoreRetry
  readonly #settlementSender: SettlementSender
  readonly #dependentsRelease: DependentsRelease
  readonly #refusedClaims: FailureLog
  readonly #holds: QueueHolds
  readonly #workWait: WorkWait
  readonly #shown: ShownState
  readonly #state: LoopState = {
    closing: false,
    returns: 0,
    settlements: 0,
    calls: 0,
    gathered: false,
    hasBacklog: false,
    claimable: 0,
    queuesEmpty: false,
    showsGoneJobs: false,
  }
  readonly #room: ClaimRoom
  readonly #settlements = new SettlementQueue()
  readonly #returns: Returns
  readonly #calls = new Set<Promise<void>>()
  #isSuspended = false
  /** Claims pause for a while: the worker is suspended, or the store refused the last one. */
  #isPaused = false
  #isClaiming = false
  readonly #rest = new LoopRest()
  readonly #gathering = new Gathering(() => {
    this.#state.gathered = true
    this.nudge()
  })

  constructor(options: StoreLoopOptions) {
    const { clock, failures, logger, queues, random, sharesWaits, shown, store, workerName } = options
    const { signal } = this.#closing
    this.#options = options
    this.#shown = shown
    this.#room = new ClaimRoom(options)
    this.#retry = new StoreRetry({ failures: failures.calls, signal, random })
    this.#settlementSender = new SettlementSender(store, workerName, this.#retry)
    this.#returns = new Returns(store, this.#retry, logger)
    const onWork = () => this.#claimAgain()
    this.#holds = new QueueHolds({
      ...options,
      onNews: () => this.nudge(),
      onOpened: () => this.#opened(),
    })
    this.#dependentsRelease = new DependentsRelease({ store, retry: this.#retry, logger, signal, onReleased: onWork })
    this.#refusedClaims = new FailureLog(logger, 'Claiming jobs')
    // Waiting for work has a retry of its own, so that its failures do not slow down the other calls.
    const retry = new StoreRetry({ failures: failures.waits, signal: this.#waiting.signal, random })
    this.#workWait = new WorkWait({
      store,
      queues: () => this.#holds.open(queues),
      clock,
      retry,
      signal: this.#waiting.signal,
      isWanted: () => this.#mayWaitForWork,
      isShared: sharesWaits,
      beginClaim: () => (sharesWaits ? undefined : this.#beginWaitingClaim()),
      onWork,
      logger,
    })
  }

  /** Whether the last claim found the queues empty. A paused queue counts as empty. */
  get queuesEmpty(): boolean {
    return (this.#state.queuesEmpty && !this.#holds.isRefused) || this.#holds.allPaused
  }

  get isSuspended(): boolean {
    return this.#isSuspended
  }

  /** Whether it claims no more: `maxJobs` is reached, or {@link stopClaiming} was called. */
  get isSpent(): boolean {
    return this.#room.isSpent
  }

  /** Whether it may still find jobs: no horse has room for one yet, or a claim is under way. */
  get mayFindJobs(): boolean {
    return !this.#state.queuesEmpty && !this.#isPaused && !this.isSpent && this.#holds.areSome
  }

  /** Whether any write is pending. */
  get isWriting(): boolean {
    if (this.#calls.size > 0 || this.#returns.isSending || this.#dependentsRelease.isRunning) return true
    // It brings an answer at once, and with it maybe a job to return.
    if (this.#waiting.signal.aborted && this.#workWait.isClaiming) return true
    return this.#settlements.length > 0 || this.#returns.length > 0
  }

  /** Whether no call is under way or has to be sent, but for the wait for work. */
  get isQuiet(): boolean {
    if (this.#calls.size > 0 || this.#isClaiming || this.#returns.isSending || this.#dependentsRelease.isRunning)
      return false
    return this.#settlements.length === 0 && this.#returns.length === 0
  }

  /** Settle a job. The answer goes to `onAnswer`; there is none when the loop is closed first. */
  settle(settlement: PendingSettlement): void {
    this.#settlements.add(settlement)
    this.nudge()
  }

  /**
   * Return a claimed job to the head of its queue; no attempt is counted. Jobs that are returned in the same turn keep
   * their order.
   * @returns the answer of the store; `lost` also for a job that an earlier send has returned, or that the store
   *   refuses to take back. Stays pending when the loop is closed first. Never rejects.
   */
  giveBack(lease: Lease): Promise<GiveBackAnswer> {
    const answer = this.#returns.add(lease)
    this.#room.givenBack()
    this.nudge()
    return answer
  }

  /**
   * Set a job aside of which the store has refused each end.
   * @returns whether this worker still owned it; why the store refused this, too. Undefined when the loop is closed
   *   first. Never rejects.
   */
  async setAside(lease: Lease, rateLimit: string | undefined, reason: string): Promise<boolean | Refused | undefined> {
    const { store, workerName } = this.#options
    const answer = await this.#retry.untilAnswered(() => store.setAside({ lease, workerName, rateLimit, reason }))
    return answer === undefined || 'refusal' in answer ? answer : answer.value
  }

  /** Decide again: there is room, or something to write. */
  nudge(): void {
    // Every job that ends passes here. The steps that the loop may rest in do not depend on `claimable`, which costs
    // more.
    const { step } = this.#rest
    if (step !== undefined && step === nextStep(this.#observe())) return
    this.#rest.end()
  }

  /** Claim once more, although the last claim found the queues empty. */
  lookAgain(): void {
    this.#claimAgain()
  }

  /** Queues were paused or resumed. */
  pausesChanged(): void {
    this.#holds.look()
    this.nudge()
  }

  stopClaiming(): void {
    this.#room.close()
    this.#holds.stop()
    this.#waiting.abort()
    this.nudge()
  }

  /** End the loop after the call under way. What is not written by then is not written. */
  close(): void {
    this.#state.closing = true
    this.#closing.abort()
    this.#waiting.abort()
    this.nudge()
  }

  /** Run the loop. Resolves after {@link close}; never rejects. */
  async run(): Promise<void> {
    for (;;) {
      this.#rest.begin()
      const state = this.#observe()
      state.claimable = this.#claimable()
      const step = nextStep(state)
      switch (step) {
        case 'end':
          this.#endGathering()
          await Promise.all(this.#calls)
          return
        case 'return':
          await this.#sendReturns()
          break
        case 'wait':
          await this.#rest.take(step)
          break
        case 'gather':
          this.#gathering.begin()
          await this.#rest.take(step)
          break
        case 'settle':
          this.#endGathering()
          this.#sendSettlements()
          break
        case 'claim':
          this.#endGathering()
          await this.#claim(this.#claimRequest(state.claimable))
          break
        case 'idle':
          this.#endGathering()
          if (!this.#dependentsRelease.isRunning) this.#idle()
          await this.#rest.take()
          break
      }
    }
  }

  /** Bring the state up to date, except for `claimable`. */
  #observe(): LoopState {
    const state = this.#state
    state.returns = this.#returns.length
    state.settlements = this.#settlements.length
    state.calls = this.#calls.size
    state.hasBacklog = this.#options.horses.hasBacklog()
    state.showsGoneJobs = this.#shown.state === 'busy' && this.#hasNoJobs()
    return state
  }

  #claimable(): number {
    if (this.#isPaused) return 0
    const free = this.#room.free()
    return free > 0 && this.#holds.look() ? free : 0
  }

  #claimRequest(want: number): ClaimRequest {
    const { horses, largestBytes, leaseMs, order, workerName } = this.#options
    const queues = this.#holds.open(order.next())
    return { queues, want, workerName, leaseMs, largestBytes, isPrefetch: horses.isPrefetching }
  }

  #endGathering(): void {
    this.#gathering.end()
    this.#state.gathered = false
  }

  async #claim(request: ClaimRequest): Promise<void> {
    const { store } = this.#options
    const shown = this.#beginToShow()
    this.#isClaiming = true
    this.#room.request(request.want)
    const reply = await this.#retry.untilAnswered(
      () => store.claim(request, shown),
      () => !this.#room.isClosed,
    )
    this.#isClaiming = false
    this.#room.requestEnded(request.want)
    if (shown !== undefined) this.#shown.end(reply === undefined || 'refusal' in reply ? undefined : reply.value, shown)
    if (reply === undefined) return
    if ('refusal' in reply) {
      this.#refusedClaims.failed(reply.refusal)
      void this.#pauseClaims(REFUSED_PAUSE_MS)
    } else this.#take(reply.value, request.want)
  }

  /**
   * Send the settlements that wait, and claim along with them. Empty queues are asked as well, since it costs nothing.
   */
  #sendSettlements(): void {
    const pending = this.#settlements.take()
    const { claimable } = this.#state
    const claim = claimable > 0 ? this.#claimRequest(claimable) : undefined
    this.#room.request(claimable)
    const { isAlone: othersRest, jobsHeld } = this.#options
    const isAlone = this.#calls.size === 0 && jobsHeld() === pending.length && othersRest()
    const call = this.#settle(pending, claim, isAlone ? this.#shown.begin() : undefined).then(() => {
      this.#calls.delete(call)
      this.nudge()
    })
    this.#calls.add(call)
  }

  async #settle(
    pending: readonly PendingSettlement[],
    claim: ClaimRequest | undefined,
    shown: WorkerState | undefined,
  ): Promise<void> {
    const { claimed, releasing, unsent } = await this.#settlementSender.send(pending, claim, shown)
    if (shown !== undefined) this.#shown.end(claimed, shown)
    const want = claim?.want ?? 0
    this.#room.requestEnded(want)
    if (unsent !== undefined) this.#settlements.putBack(unsent)
    if (claim !== undefined && claimed !== undefined) this.#take(claimed, want)
    if (releasing === true) this.#dependentsRelease.start()
  }

  async #sendReturns(): Promise<void> {
    await this.#returns.send()
    this.#state.queuesEmpty = false
  }

  #take({ again, jobs, suspended }: ClaimReply, want: number): void {
    const { onClaimed, onSuspended, order } = this.#options
    this.#refusedClaims.succeeded()
    this.#room.claimed(jobs.length)
    this.#state.queuesEmpty = jobs.length < want && again !== true
    for (const { job } of jobs) order.served(job.origin)
    if (suspended !== this.#isSuspended) {
      this.#isSuspended = suspended
      onSuspended(suspended)
    }
    if (suspended) void this.#pauseClaims(SUSPENDED_POLL_MS)
    if (jobs.length === 0) return
    this.#workWait.foundWork()
    onClaimed(jobs)
  }

  /** A claim of one job, by a worker without jobs: what else there is it claims while that one runs. */
  #beginWaitingClaim(): WaitingClaim | undefined {
    // A queue that is held back must be claimed from only after a look, and not whenever it has a job.
    if (!this.#hasNoJobs() || !this.#holds.areNone || this.#claimable() === 0) return undefined
    this.#room.request(1)
    const shown = this.#shown.begin()
    return {
      request: this.#claimRequest(1),
      shown,
      onEnd: (reply) => {
        this.#room.requestEnded(1)
        this.#shown.end(reply, shown)
        if (reply === undefined) return
        this.#take(reply, 1)
        this.#state.queuesEmpty = reply.again !== true
        this.nudge()
      },
    }
  }

  async #pauseClaims(ms: number): Promise<void> {
    this.#isPaused = true
    await pause(ms, this.#closing.signal)
    this.#isPaused = false
    this.#claimAgain()
  }

  #claimAgain(): void {
    this.#state.queuesEmpty = false
    this.nudge()
  }

  /** Queues that were held back may be claimed from: claim, and wait for them, too. */
  #opened(): void {
    this.#claimAgain()
    this.#workWait.restart()
  }

  /** Whether the worker has no jobs, and no call is under way that may bring some. */
  #hasNoJobs(): boolean {
    return this.#calls.size === 0 && this.#options.jobsHeld() === 0 && this.#options.isAlone()
  }

  /** What the record shows, for a claim alone; undefined when the claim must not change the record. */
  #beginToShow(): WorkerState | undefined {
    if (this.#hasNoJobs()) return this.#shown.begin()
    if (this.#shown.state === 'busy' || this.#options.isAlone()) return undefined
    return this.#shown.beginBeside()
  }

  get #mayWaitForWork(): boolean {
    return this.#state.queuesEmpty && !this.isWriting && !this.isSpent && !this.#isPaused && this.#holds.areSome
  }

  #idle(): void {
    this.#workWait.startSoon()
    this.#options.onIdle()
  }
}
