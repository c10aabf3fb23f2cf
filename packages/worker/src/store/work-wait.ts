import { type Clock, FailureLog, type Logger, MINUTE_MS, pause, SECOND_MS } from '@rq/core'
import type { ClaimReply, ClaimRequest, WorkerState, WorkerStore } from '@rq/job'
import type { StoreRetry } from './store-retry.ts'

/** A claim that the store may make along with a wait. */
export interface WaitingClaim {
  readonly request: ClaimRequest
  readonly shown: WorkerState
  /** Called once, with what it brought, if anything. */
  readonly onEnd: (reply: ClaimReply | undefined) => void
}

export interface WorkWaitOptions {
  readonly store: WorkerStore
  /** The queues to wait for; asked just before the wait. */
  readonly queues: () => readonly string[]
  readonly clock: Clock
  readonly retry: StoreRetry
  readonly signal: AbortSignal
  /** Whether other lanes of the worker wait at the same time. */
  readonly isShared: boolean
  /** Whether to wait; asked just before the wait. */
  readonly isWanted: () => boolean
  /** The claim to make along with a wait, if any; asked just before it. */
  readonly beginClaim: () => WaitingClaim | undefined
  /** Called once after each wait that claimed nothing: there may be work. */
  readonly onWork: () => void
  readonly logger: Logger
}

const LONGEST_MS = 10 * SECOND_MS
/** As long, where the store itself looks at the queues of all lanes from time to time. */
const LONGEST_SHARED_MS = 5 * MINUTE_MS
/** How long to wait without the store after it refused to report work. */
const REFUSED_PAUSE_MS = SECOND_MS
/** After several wake-ups this fast with nothing to claim, back off. */
const SHORT_MS = 20
const MOST_SHORT_WAITS = 3

/** Waits for the store to report possible work, concurrently with all other calls. */
export class WorkWait {
  readonly #options: WorkWaitOptions
  readonly #failures: FailureLog
  #soon: NodeJS.Immediate | undefined
  #waiting = false
  #claim: WaitingClaim | undefined
  #shortWaits = 0
  #restart = new AbortController()
  /** Ends a wait that makes no claim. */
  #signal: AbortSignal

  constructor(options: WorkWaitOptions) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, 'Waiting for jobs')
    this.#signal = AbortSignal.any([options.signal, this.#restart.signal])
  }

  /** Wait anew, for other queues. A wait that makes a claim goes on, since its reply must not be lost. */
  restart(): void {
    const ended = this.#restart
    this.#restart = new AbortController()
    this.#signal = AbortSignal.any([this.#options.signal, this.#restart.signal])
    ended.abort()
  }

  /** Work was claimed, so the waits are useful. */
  foundWork(): void {
    this.#shortWaits = 0
  }

  /**
   * Wait for work after two turns of the event loop. So the result of a short job is sent first, and that call may
   * claim more work; and so those who wait for the job in this process learn of its end first.
   */
  startSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = setImmediate(() => {
        this.#soon = undefined
        if (this.#options.isWanted()) this.#start()
      })
    })
  }

  /** Whether a claim is under way along with a wait. */
  get isClaiming(): boolean {
    return this.#claim !== undefined
  }

  /** Does nothing while a wait is under way. */
  #start(): void {
    if (this.#waiting) return
    this.#waiting = true
    // A wait that ends at once and brings nothing may do so again: the queue is paused, or others are faster.
    const claim = this.#shortWaits === 0 ? this.#options.beginClaim() : undefined
    this.#claim = claim
    void this.#wait(claim).then((reply) => {
      this.#waiting = false
      this.#claim = undefined
      claim?.onEnd(reply)
      if (reply === undefined) this.#options.onWork()
    })
  }

  async #wait(claim: WaitingClaim | undefined): Promise<ClaimReply | undefined> {
    const { clock, isShared, retry, store } = this.#options
    const signal = claim === undefined ? this.#signal : this.#options.signal
    const queues = this.#options.queues()
    const sinceMs = clock.monotonicMs()
    const longestMs = isShared ? LONGEST_SHARED_MS : LONGEST_MS
    const wait = () => store.waitForWork(queues, longestMs, signal, claim?.request, claim?.shown)
    // The reply of a claim must not be missed.
    const reply = await retry.untilAnswered(() => (claim === undefined ? unlessAborted(wait(), signal) : wait()))
    if (reply !== undefined && 'refusal' in reply) {
      this.#failures.failed(reply.refusal)
      await pause(REFUSED_PAUSE_MS, signal)
      return undefined
    }
    this.#failures.succeeded()
    const claimed = reply?.value
    if (claimed !== undefined && claimed.jobs.length > 0) return claimed
    this.#shortWaits = clock.monotonicMs() - sinceMs < SHORT_MS ? this.#shortWaits + 1 : 0
    if (this.#shortWaits > MOST_SHORT_WAITS) await pause(Math.min(SECOND_MS, 2 ** this.#shortWaits), signal)
    return claimed
  }
}

/** Resolves with the promise, or as soon as `signal` fires: an unreachable store may never answer. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const giveUp = () => resolve(undefined)
    signal.addEventListener('abort', giveUp, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
  })
}
