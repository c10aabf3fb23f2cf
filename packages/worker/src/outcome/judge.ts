import { type Clock, type Logger, silentLogger } from '@rq/core'
import { type Claimed, type JobRecord, type Outcome, type Settlement, settle, UNLIMITED } from '@rq/job'
import { Job, type JobContext } from '@rq/queue'
import { errorText, STOPPED_TEXT } from '@rq/queue/run'
import type { KilledTask } from '../horses/horse.ts'
import type { TaskFate } from '../horses/horse-pool.ts'
import type { ErrorFacts, Task, TaskEnd } from '../inside-horse/protocol.ts'
import { abandonedError, killedError, POISON_COUNT, tookText } from './ending-text.ts'

/** Called with a failed job and its error, in the worker's process. False ends the chain. */
export type ExceptionHandler = (job: Job, error: Error) => unknown

/** Called when a work-horse was lost with a job, in the worker's process. */
export type WorkHorseKilledHandler = (
  job: Job,
  pid: number | undefined,
  code: number | null,
  signal: NodeJS.Signals | null,
) => unknown

export interface JudgeOptions {
  readonly context: JobContext
  readonly clock: Clock
  readonly logger: Logger
  /** Seconds. */
  readonly defaultResultTtlS: number
  readonly onAbandoned: 'requeue' | 'fail'
  /** Whether horses have handlers of their own to call. */
  readonly handlersInHorse: boolean
  readonly exceptionHandlers: readonly ExceptionHandler[]
  /** A failed job gets no more than its status. */
  readonly disableDefaultExceptionHandler: boolean
  readonly workHorseKilledHandler?: WorkHorseKilledHandler
}

/** Whom a ruling goes to. */
export interface JudgeOwner {
  /** Run a callback task in some horse. */
  attend(task: Task): Promise<TaskFate>
  onSettlement(settlement: Settlement): void
  /** The attempt does not count: the job goes back to the head of its queue. */
  onReturn(claimed: Claimed): void
  /** The job is another worker's: nothing to write. */
  onForget(claimed: Claimed): void
}

const HANDLER_LIMIT_MS = 60_000

/**
 * Turns the end of an attempt, whatever it was, into what is written of it: runs the callbacks that a killed horse
 * could not, then the worker's own handlers, then asks `settle` for the decision. Never throws.
 */
export class Judge {
  readonly #options: JudgeOptions
  readonly #owner: JudgeOwner
  readonly #isLogging: boolean

  constructor(options: JudgeOptions, owner: JudgeOwner) {
    this.#options = options
    this.#owner = owner
    this.#isLogging = options.logger !== silentLogger
  }

  /** What becomes of a job whose attempt ended like this. */
  rule(claimed: Claimed, fate: TaskFate): void {
    switch (fate.kind) {
      case 'ended':
        if (fate.aborted === 'lease_lost') this.#owner.onForget(claimed)
        else this.#ended(claimed, fate.end)
        return
      case 'killed':
        void this.#killed(claimed, fate.killed)
        return
      case 'dropped':
        if (fate.reason === 'stopped') void this.#stopped(claimed, this.#timesNow())
        else this.#owner.onForget(claimed)
        return
    }
  }

  /** What becomes of a job whose lease was taken over from another worker. */
  async abandoned(claimed: Claimed): Promise<void> {
    const { clock, onAbandoned } = this.#options
    const { job } = claimed
    const count = job.abandonedCount ?? 0
    const error = abandonedError(clock.nowMs(), count)
    const base = {
      kind: 'abandoned',
      startedAtMs: job.startedAtMs ?? clock.nowMs(),
      endedAtMs: clock.nowMs(),
      requeue: onAbandoned === 'requeue',
      poisoned: count >= POISON_COUNT,
    } as const
    const decision = this.#decide(claimed, { ...base, error: error.text })
    if (decision.to !== 'failed') return this.#owner.onSettlement(decision)
    const text = await this.#reportFailure(claimed, error)
    this.#owner.onSettlement(this.#decide(claimed, { ...base, error: text }))
  }

  #ended(claimed: Claimed, end: TaskEnd): void {
    const outcome: Outcome = end.outcome ?? {
      kind: 'raised',
      error: 'The work-horse told of no outcome.',
      ...this.#timesNow(),
    }
    if (end.leaking === true) {
      this.#options.logger.warn(`${claimed.job.origin}: Job went on after its end (${claimed.job.id})`)
    }
    if (outcome.kind === 'raised' && end.error !== undefined && end.chainEnded !== true) {
      void this.#raised(claimed, outcome, end.error)
      return
    }
    this.#log(claimed.job, outcome, end.tookMs)
    this.#owner.onSettlement(this.#decide(claimed, outcome))
  }

  async #raised(claimed: Claimed, outcome: Outcome & { kind: 'raised' }, error: ErrorFacts): Promise<void> {
    await this.#callHandlers(claimed.job, error)
    this.#log(claimed.job, outcome, outcome.endedAtMs - outcome.startedAtMs)
    this.#owner.onSettlement(this.#decide(claimed, outcome))
  }

  async #killed(claimed: Claimed, killed: KilledTask): Promise<void> {
    const { cause, exit, failedBy, pid, startedAtMs } = killed
    if (cause === 'lease_lost') return this.#owner.onForget(claimed)
    if (cause === 'shutdown') return this.#owner.onReturn(claimed)
    const times = { startedAtMs, endedAtMs: this.#options.clock.nowMs() }
    if (cause === 'stopped') return this.#stopped(claimed, times)
    await this.#guarded(claimed.job, 'work-horse killed handler', (job) =>
      this.#options.workHorseKilledHandler?.(job, pid, exit.code, exit.signal),
    )
    const error = killedError(killed)
    // Its failure callback has begun already, and is not begun twice.
    const text = failedBy === undefined ? await this.#reportFailure(claimed, error) : error.text
    const outcome = { kind: 'raised', error: text, ...times } as const
    this.#log(claimed.job, outcome, times.endedAtMs - times.startedAtMs)
    this.#owner.onSettlement(this.#decide(claimed, outcome))
  }

  async #stopped(claimed: Claimed, times: { startedAtMs: number; endedAtMs: number }): Promise<void> {
    const { executionId: id, job: record } = claimed
    if (record.onStopped !== undefined) await this.#owner.attend({ kind: 'stopped_callback', id, record })
    const outcome = { kind: 'stopped', error: STOPPED_TEXT, ...times } as const
    this.#log(record, outcome, times.endedAtMs - times.startedAtMs)
    this.#owner.onSettlement(this.#decide(claimed, outcome))
  }

  /** Run the failure callback and all handlers of a job whose own horse cannot. Returns the text to store. */
  async #reportFailure({ executionId: id, job: record }: Claimed, error: ErrorFacts): Promise<string> {
    let told = error
    if (record.onFailure !== undefined || this.#options.handlersInHorse) {
      const fate = await this.#owner.attend({ kind: 'failure_callback', id, record, error })
      if (fate.kind === 'ended') {
        told = fate.end.error ?? error
        if (fate.end.chainEnded === true) return told.text
      }
    }
    await this.#callHandlers(record, told)
    return told.text
  }

  async #callHandlers(record: JobRecord, { name, message, text }: ErrorFacts): Promise<void> {
    const { exceptionHandlers } = this.#options
    if (exceptionHandlers.length === 0) return
    const error = new Error(message)
    error.name = name
    error.stack = text
    for (const handler of exceptionHandlers) {
      const answer = await this.#guarded({ ...record, status: 'failed' }, 'exception handler', (job) =>
        handler(job, error),
      )
      if (answer === false) return
    }
  }

  /** Call code that is not ours: what it throws is logged, and it is not waited for longer than a minute. */
  async #guarded(record: JobRecord, what: string, call: (job: Job) => unknown): Promise<unknown> {
    const { context, logger } = this.#options
    let timer: NodeJS.Timeout | undefined
    try {
      const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`it did not end within ${HANDLER_LIMIT_MS} ms`)), HANDLER_LIMIT_MS)
      })
      return await Promise.race([call(new Job(record, context)), limit])
    } catch (error) {
      logger.error(`The ${what} failed (${record.id})`, { error: errorText(error) })
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  #decide({ executionId, job }: Claimed, outcome: Outcome): Settlement {
    const { defaultResultTtlS: resultTtlS, disableDefaultExceptionHandler } = this.#options
    const settlement = settle(job, executionId, outcome, { resultTtlS })
    if (!disableDefaultExceptionHandler || settlement.to !== 'failed') return settlement
    const { result: _, ...rest } = settlement
    return { ...rest, keepS: UNLIMITED, unlisted: true }
  }

  #timesNow(): { startedAtMs: number; endedAtMs: number } {
    const nowMs = this.#options.clock.nowMs()
    return { startedAtMs: nowMs, endedAtMs: nowMs }
  }

  #log({ id, origin }: JobRecord, outcome: Outcome, tookMs: number): void {
    if (!this.#isLogging) return
    const { logger } = this.#options
    if (outcome.kind === 'returned') logger.info(`${origin}: Job OK (${id})`, { took: tookText(tookMs) })
    else if (outcome.kind === 'returned_retry') logger.info(`${origin}: Job wants to be retried (${id})`)
    else if (outcome.kind === 'stopped') logger.info(`${origin}: Job stopped by user (${id})`)
    else logger.error(`${origin}: Job failed (${id})`, { error: outcome.error, took: tookText(tookMs) })
  }
}
