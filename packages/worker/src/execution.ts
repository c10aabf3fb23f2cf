import type { Clock } from '@rq/core'
import type { Claimed, JobRecord, Lease, Outcome, SettleAnswer, Settlement } from '@rq/job'
import { type ErrorFacts, STOPPED_TEXT } from '@rq/queue/run'
import type { Webhooks } from '@rq/webhooks'
import type { HorsePool } from './horses/horse-pool.ts'
import type { KilledTask } from './horses/killed-task.ts'
import type { ResultRoom } from './horses/result-room.ts'
import type { TaskOutcome } from './horses/task-run.ts'
import type { AbortReason, TaskEnd } from './inside-horse/protocol.ts'
import type { LeasedJob, LeaseRenewer } from './lease/lease-renewer.ts'
import { abandonedError, killedError, refusedError } from './outcome/ending-text.ts'
import type { SettlementPolicy } from './outcome/settlement-policy.ts'
import type { WorkerHandlers } from './outcome/worker-handlers.ts'
import { isPoisoned } from './poison.ts'
import type { StoreLoop } from './store/store-loop.ts'
import type { WorkerLog } from './worker-log.ts'

/** What all executions of a lane work with. */
export interface ExecutionParts {
  readonly horses: HorsePool
  readonly store: StoreLoop
  readonly handlers: WorkerHandlers
  readonly policy: SettlementPolicy
  readonly webhooks: Webhooks
  readonly log: WorkerLog
  readonly clock: Clock
  /** Whether jobs must be signed. */
  readonly mustBeSigned: boolean
  /** Renews the leases from a thread, in addition to the heartbeat. */
  readonly renewer?: LeaseRenewer | undefined
  /** Where what ended jobs have to store is counted. */
  readonly room: Pick<ResultRoom, 'drop' | 'garbage' | 'keep'>
}

/** The end of an attempt is changed three times at most, so that the store can take it. */
const MOST_REFUSALS = 4
/** How much is kept of why the store refused it, in characters. */
const LONGEST_REASON = 500

/** What is smaller is not counted, since there are at most some thousands. */
const COUNTED_BYTES = 4096

/** How an execution ended: `dropped` = nothing was written; another worker owns the job, or will take it over. */
export type ExecutionEnd = 'settled' | 'returned' | 'dropped'

/**
 * One claimed job, from its claim until the store has answered what became of it. States:
 * - `running`: it waits for a horse, runs, or has callbacks and handlers to come;
 * - `settling`: its settlement is on its way to the store;
 * - `returning`: it is on its way back to the head of its queue, and no attempt is counted; or the job
 *   is no longer this worker's, and the slot that the run held is returned.
 *
 * Most jobs return, and have no callbacks: what those pass through takes callbacks, since each promise of a job costs
 * more than what is done here. What needs more time is an async method.
 */
export class Execution implements LeasedJob {
  readonly claimed: Claimed
  /** See {@link LeasedJob}. */
  leaseSlot: number | undefined
  readonly #parts: ExecutionParts
  readonly #onEnd: (execution: Execution, end: ExecutionEnd) => void
  /** The count of the renewer before it knew of this execution. */
  readonly #renewalsBefore: number | undefined
  #state: 'running' | 'settling' | 'returning' = 'running'
  #isLost = false
  /** What a horse has found of the job's signature. */
  #signature: 'valid' | 'unknown' | 'invalid'
  #wasInHeartbeat = false
  /** How often the store has refused what became of the job. */
  #refusals = 0
  #keptBytes = 0

  /**
   * @param onEnd - called when the job is settled, returned or dropped. A second time if its run ends after it was
   *   returned.
   */
  constructor(claimed: Claimed, parts: ExecutionParts, onEnd: (execution: Execution, end: ExecutionEnd) => void) {
    this.claimed = claimed
    this.#parts = parts
    this.#onEnd = onEnd
    this.#renewalsBefore = parts.renewer?.renewals
    this.#signature = parts.mustBeSigned ? 'unknown' : 'valid'
  }

  get id(): string {
    return this.claimed.executionId
  }

  get job(): JobRecord {
    return this.claimed.job
  }

  get lease(): Lease {
    const { id, origin } = this.job
    return { queue: origin, jobId: id, executionId: this.id }
  }

  /** Bytes of what its end has to store, where it is much. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** Run the job and store how it ended. */
  run(): void {
    this.#parts.horses.run({ kind: 'job', id: this.id, record: this.job }, (outcome) => this.#conclude(outcome))
  }

  /** Store what becomes of a job that its worker abandoned. It does not run. Never rejects. */
  async concludeAbandoned(): Promise<void> {
    const { clock, policy } = this.#parts
    const { abandonedCount = 0, startedAtMs = clock.nowMs() } = this.job
    const error = abandonedError(clock.nowMs(), abandonedCount)
    const abandoned = { startedAtMs, endedAtMs: clock.nowMs(), poisoned: isPoisoned(this.job) }
    const settlement = policy.abandoned(this.claimed, error.text, abandoned)
    // Only the end of a job is reported to its failure callback and the handlers.
    if (settlement.to !== 'failed') this.#settle(settlement)
    else {
      const { job: last } = withoutRetries(this.claimed)
      this.#settle(policy.abandoned(this.claimed, (await this.#reportFailure(error, last)).text, abandoned))
    }
  }

  /** End the run: by its signal, and then by force. `why`: what the one who stopped the job has said. */
  abort(reason: AbortReason, why?: string): void {
    this.#parts.horses.abort(this.id, reason, why)
  }

  /**
   * Another worker owns the job. Ignored for a job that is being settled or returned: the store's answer says so, too.
   * Idempotent.
   */
  lose(): void {
    if (!this.isRunning || this.#isLost) return
    this.#isLost = true
    this.#parts.log.leaseLost(this.claimed)
    this.abort('lease_lost')
  }

  /** Return the job to the head of its queue, whatever it is doing; no attempt is counted. Never rejects. */
  async giveBack(): Promise<void> {
    if (!this.isRunning) return
    this.#state = 'returning'
    await this.#parts.store.giveBack(this.lease)
    this.#onEnd(this, 'returned')
  }

  /**
   * Note that a heartbeat with this lease is about to be sent, so that the store may keep a record of the execution.
   */
  noteHeartbeat(): void {
    this.#wasInHeartbeat = true
  }

  /** Settle or return the job, or drop it, depending on how its task ended. */
  #conclude(outcome: TaskOutcome): void {
    switch (outcome.kind) {
      case 'ended':
        if (outcome.aborted === 'lease_lost') void this.#leave()
        else this.#ended(outcome.end)
        return
      case 'killed':
        void this.#killed(outcome.killed)
        return
      case 'canceled':
        if (outcome.reason === 'stopped') void this.#stopped(this.#now())
        else void this.#leave()
        return
      case 'returned':
        void this.giveBack()
        return
    }
  }

  #ended(end: TaskEnd): void {
    const { chainEnded, error, leaking, outcome, tookMs } = end
    this.#noteSignature(end)
    if (leaking === true) this.#parts.log.leaking(this.job)
    if (outcome === undefined) {
      this.#settleOutcome({ kind: 'raised', error: 'The work-horse reported no outcome.', ...this.#now() }, tookMs)
    } else if (outcome.kind === 'raised' && error !== undefined && chainEnded !== true) {
      void this.#raised(outcome, error)
    } else this.#settleOutcome(outcome, tookMs)
  }

  async #raised(outcome: Outcome, error: ErrorFacts): Promise<void> {
    await this.#parts.handlers.callExceptionHandlers(this.job, error)
    this.#settleOutcome(outcome)
  }

  async #killed(killed: KilledTask): Promise<void> {
    const { cause, failedBy, phase, startedAtMs } = killed
    if (cause === 'lease_lost') return this.#leave()
    if (cause === 'shutdown') return this.giveBack()
    const times = { startedAtMs, endedAtMs: this.#parts.clock.nowMs() }
    if (cause === 'stopped') return this.#stopped(times)
    await this.#parts.handlers.callKilledHandler(this.job, killed)
    const error = killedError(killed)
    // A failure callback that has already begun is not called twice.
    const isReported = failedBy !== undefined && phase !== 'retry_check'
    const { remote, text } = isReported ? error : await this.#reportFailure(error)
    this.#settleOutcome({ kind: 'raised', error: text, remote, ...times })
  }

  async #stopped(times: { startedAtMs: number; endedAtMs: number }): Promise<void> {
    if (this.job.onStopped !== undefined) {
      await this.#parts.horses.runCallback({ kind: 'stopped_callback', id: this.id, record: this.job })
    }
    this.#settleOutcome({ kind: 'stopped', error: STOPPED_TEXT, ...times })
  }

  /** Call the failure callback, in another horse, and all handlers. Returns the error to store. */
  async #reportFailure(error: ErrorFacts, record = this.job): Promise<ErrorFacts> {
    const { handlers, horses } = this.#parts
    let reported = error
    // A horse has to look at the signature before webhooks are called.
    const isInDoubt = this.#signature === 'unknown' && record.webhooks !== undefined
    if (record.onFailure !== undefined || handlers.haveReferences || isInDoubt) {
      const outcome = await horses.runCallback({ kind: 'failure_callback', id: this.id, record, error })
      if (outcome.kind === 'ended') {
        this.#noteSignature(outcome.end)
        reported = outcome.end.error ?? error
        if (outcome.end.chainEnded === true) return reported
      }
    }
    await handlers.callExceptionHandlers(record, reported)
    return reported
  }

  #settleOutcome(outcome: Outcome, tookMs = outcome.endedAtMs - outcome.startedAtMs): void {
    // It may have been given back while its callbacks or handlers were running.
    if (!this.isRunning) return
    const claimed = this.#signature === 'invalid' ? withoutRetries(this.claimed) : this.claimed
    const settlement = this.#parts.policy.settle(claimed, outcome)
    this.#parts.log.attemptEnded(this.job, outcome, settlement, tookMs)
    this.#settle(settlement)
  }

  #noteSignature({ unsigned }: TaskEnd): void {
    if (this.#signature === 'unknown') this.#signature = unsigned === true ? 'invalid' : 'valid'
  }

  #settle(settlement: Settlement): void {
    if (!this.isRunning) return
    this.#state = 'settling'
    const { excString, returnValue } = settlement.result ?? {}
    const bytes = (returnValue ?? excString)?.length ?? 0
    if (bytes >= COUNTED_BYTES) this.#keep(bytes)
    this.#parts.store.settle({
      bytes,
      current: () => this.#current(settlement),
      onAnswer: (answer) => {
        if (typeof answer === 'string') this.#settled(settlement, answer)
        else void this.#refused(settlement, answer.refusal)
      },
    })
  }

  /** It counts until the execution ends, with what was refused before. */
  #keep(bytes: number): void {
    this.#keptBytes += bytes
    this.#parts.room.keep(bytes)
  }

  /**
   * The store refused what became of the job. It fails: first as if it had thrown this, if it returned; then with as
   * little as can be stored, and then even without this error. If all is refused, the job is set aside.
   */
  async #refused(settlement: Settlement, refusal: Error): Promise<void> {
    const { clock, log, policy } = this.#parts
    this.#refusals++
    if (this.#refusals === MOST_REFUSALS) return this.#setAside(refusal)
    this.#state = 'running'
    const refused = refusedError(settlement, refusal)
    const { endedAtMs, result, startedAtMs } = settlement
    if (result?.returnValue !== undefined && this.#refusals === 1) {
      const { text } = await this.#reportFailure(refused)
      this.#settleOutcome({ kind: 'raised', error: text, startedAtMs, endedAtMs })
      return
    }
    this.#refusals = Math.max(this.#refusals, 2)
    log.failedByRefusal(this.job, refusal)
    this.#settle(policy.refused(this.claimed, this.#refusals === 2 ? refused.text : undefined, clock.nowMs()))
  }

  /** Let a job go of which nothing can be stored. If it cannot be set aside either, another worker takes it over. */
  async #setAside(refusal: Error): Promise<void> {
    const { log, store } = this.#parts
    const answer = await store.setAside(this.lease, this.job.rateLimit?.key, refusal.message.slice(0, LONGEST_REASON))
    // The loop was closed: as with any settlement, nothing more happens here.
    if (answer === undefined) return
    if (answer === true) log.setAside(this.job, refusal)
    else if (answer === false) log.leaseLost(this.claimed)
    else log.refused(this.job, answer.refusal)
    this.#onEnd(this, 'dropped')
  }

  #settled(settlement: Settlement, answer: SettleAnswer): void {
    if (!this.#isLost) this.#reportSettled(settlement, answer)
    this.#onEnd(this, 'settled')
  }

  #reportSettled(settlement: Settlement, answer: SettleAnswer): void {
    const { log, webhooks } = this.#parts
    if (answer === 'lost') log.leaseLost(this.claimed)
    else if (answer === 'gone') log.vanished(this.claimed)
    else {
      log.settled(this.claimed, settlement)
      if (this.#signature === 'valid') webhooks.settled(this.job, settlement)
    }
  }

  /** The run has ended of a job that is gone, or another worker's. It may have held a slot of a limit until now. */
  async #leave(): Promise<void> {
    if (!this.isRunning) return
    this.#state = 'returning'
    await this.#parts.store.giveBack(this.lease)
    this.#onEnd(this, 'dropped')
  }

  /** The settlement as it should be sent now: a heartbeat may have been sent since it was made. */
  #current(settlement: Settlement): Settlement {
    const hasRecord = this.#wasInHeartbeat || this.#renewalsBefore !== this.#parts.renewer?.renewals
    return hasRecord ? { ...settlement, executionRecorded: true } : settlement
  }

  #now(): { startedAtMs: number; endedAtMs: number } {
    const nowMs = this.#parts.clock.nowMs()
    return { startedAtMs: nowMs, endedAtMs: nowMs }
  }
}

/** A retry would not make its signature valid. */
function withoutRetries({ executionId, job }: Claimed): Claimed {
  const { retriesLeft: _, ...rest } = job
  return { executionId, job: rest }
}
