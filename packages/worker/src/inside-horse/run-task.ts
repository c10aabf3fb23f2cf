import { RqError } from '@rq/core'
import type { JobRecord, Outcome, Payload, Storage } from '@rq/job'
import { handleOf, type JobContext, JobTimeoutError } from '@rq/queue'
import {
  type Attempt,
  attemptJob,
  type CallbackKind,
  callExceptionHandlers,
  type ErrorFacts,
  errorFacts,
  errorFromFacts,
  errorName,
  type Failure,
  type Loader,
  type MessageSender,
  RunContext,
  type RunInput,
  type RunLimit,
  runFailureCallback,
  runStoppedCallback,
  type SignatureCheck,
  type SizeLimits,
  type UnserializableResult,
} from '@rq/queue/run'
import type { Codec, Serializer } from '@rq/serializer'
import type { AbortReason, Phase, Task, TaskResult } from './protocol.ts'
import type { RunTask, TaskContext } from './runner.ts'
import { WatchedLoader } from './watched-loader.ts'

export interface RunTaskOptions {
  readonly workerName: string
  readonly storage: Storage
  readonly serializer: Serializer
  readonly codec?: Codec | undefined
  readonly limits: SizeLimits
  /** Default: `fail`. */
  readonly unserializableResult?: UnserializableResult | undefined
  /** How long a job goes back whose function is unknown here, in milliseconds. Absent: it fails. */
  readonly returnUnknownForMs?: number | undefined
  readonly loader: Loader
  /** References of exception handlers. */
  readonly exceptionHandlers: readonly string[]
  /** Checks each job before anything of it is run. Default: no check. */
  readonly signatures?: SignatureCheck | undefined
  /** Called before a task that has callbacks: makes `storage.client()` possible. */
  readonly prepareClient?: () => Promise<void>
}

/** How long a function may go on after its attempt was ended by its signal, before its horse counts as leaking. */
const SETTLE_MS = 200

const PHASES = { success: 'success_callback', failure: 'failure_callback', stopped: 'stopped_callback' } as const

/** Make the function that runs the tasks of a horse. */
export function makeRunTask(options: RunTaskOptions): RunTask {
  return (task, context) => new TaskAttempt(options, task, context).run()
}

/** The reason that a task's signal fires with. `why`: what the one who stopped the job has said. */
export function abortError(reason: AbortReason, timeoutS: number, why?: string): Error {
  if (reason === 'timeout') return new JobTimeoutError(timeoutS)
  if (reason === 'stopped') {
    const text = why === undefined ? 'Job stopped by user.' : `Job stopped by user: ${why}`
    return new RqError('RQ_JOB_STOPPED', text, { details: why === undefined ? {} : { reason: why } })
  }
  return new RqError(
    'RQ_LEASE_LOST',
    'Lease lost: this job was taken over by another worker, or enqueued again under its id.',
  )
}

/**
 * One task from start to end, with its callbacks and exception handlers. It is also what the run of its job works with,
 * and makes no promise unless something has to be waited for: every job passes here.
 */
class TaskAttempt implements RunInput {
  readonly #options: RunTaskOptions
  readonly #task: Task
  readonly #context: TaskContext
  readonly loader: WatchedLoader
  /** See {@link RunInput}. */
  inflated: Payload | undefined

  constructor(options: RunTaskOptions, task: Task, context: TaskContext) {
    this.#options = options
    this.#task = task
    this.#context = context
    this.loader = new WatchedLoader(options.loader, context.onCall)
    // The claim read the job before it wrote the name.
    task.record.workerName = options.workerName
  }

  get record(): JobRecord {
    return this.#task.record
  }

  get context(): JobContext {
    return this.#options
  }

  get executionId(): string {
    return this.#task.id
  }

  get unserializableResult(): UnserializableResult | undefined {
    return this.#options.unserializableResult
  }

  get returnUnknownForMs(): number | undefined {
    return this.#options.returnUnknownForMs
  }

  get signal(): RunLimit {
    return this.#context.limit
  }

  onCallback(kind: CallbackKind, _timeoutS: number, error?: ErrorFacts): void {
    this.#enter(PHASES[kind], error)
  }

  onRetryCheck(error: ErrorFacts): void {
    this.#enter('retry_check', error)
  }

  run(): TaskResult | Promise<TaskResult> {
    const refusal = this.#refusal()
    if (refusal !== undefined) return this.#refuse(refusal)
    const { onFailure, onStopped, onSuccess } = this.record
    const { prepareClient } = this.#options
    const mayCallBack = onSuccess !== undefined || onFailure !== undefined || onStopped !== undefined
    if (mayCallBack && prepareClient !== undefined) return prepareClient().then(() => this.#runPrepared())
    return this.#runPrepared()
  }

  #runPrepared(): TaskResult | Promise<TaskResult> {
    const task = this.#task
    if (task.kind !== 'job') return this.#callBack(task).then((result) => this.#settled(result))
    const attempt = attemptJob(this)
    return attempt instanceof Promise ? attempt.then((ended) => this.#attempted(ended)) : this.#attempted(attempt)
  }

  #attempted({ failure, outcome, sender }: Attempt): TaskResult | Promise<TaskResult> {
    if (failure === undefined) return this.#settled({ outcome }, sender)
    return this.#afterFailure(outcome, failure).then((result) => this.#settled(result, sender))
  }

  /** The result, when no function runs on, or after a moment, in which the function may send its last message. */
  #settled(result: TaskResult, sender?: MessageSender): TaskResult | Promise<TaskResult> {
    if (!this.loader.isBusy) return this.#noted(result)
    const settled = this.loader.settled(SETTLE_MS)
    return settled.then(() => sender?.allSent).then(() => this.#noted(result))
  }

  #noted(result: TaskResult): TaskResult {
    const { hasFailedImport, isBusy } = this.loader
    if (!isBusy && !hasFailedImport) return result
    return { ...result, ...(isBusy && { leaking: true }), ...(hasFailedImport && { hasFailedImport }) }
  }

  /** Why the job must not run: it has no valid signature. */
  #refusal(): Error | undefined {
    try {
      this.inflated = this.#options.signatures?.verify(this.#task.record)
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  /** Nothing that the job names is called; the handlers are, which its worker names. */
  async #refuse(refusal: Error): Promise<TaskResult> {
    const task = this.#task
    if (task.kind === 'stopped_callback') return { unsigned: true }
    if (task.kind === 'failure_callback') {
      const { error } = task
      return { error, unsigned: true, ...(await this.#callHandlers({ error, thrown: errorFromFacts(error) })) }
    }
    const nowMs = Date.now()
    // Where it was thrown in our code says nothing about the job.
    delete refusal.stack
    const error = errorFacts(refusal)
    const outcome: Outcome = { kind: 'raised', error: error.text, startedAtMs: nowMs, endedAtMs: nowMs }
    return { ...(await this.#afterFailure(outcome, { error, thrown: refusal })), unsigned: true }
  }

  async #afterFailure(outcome: Outcome, failure: Failure): Promise<TaskResult> {
    return { outcome, error: failure.error, ...(await this.#callHandlers(failure)) }
  }

  #callBack(task: Exclude<Task, { kind: 'job' }>): Promise<TaskResult> {
    return task.kind === 'failure_callback' ? this.#reportFailure(task.error) : this.#reportStop()
  }

  async #reportFailure(error: ErrorFacts): Promise<TaskResult> {
    const failure = await runFailureCallback(this, error)
    return { error: failure.error, ...(await this.#callHandlers(failure)) }
  }

  async #reportStop(): Promise<TaskResult> {
    await runStoppedCallback(this)
    return {}
  }

  /** Report that another part of the task begins. */
  #enter(phase: Phase, error?: ErrorFacts): void {
    this.#context.send({ type: 'phase', id: this.#task.id, phase, ...(error !== undefined && { error }) })
  }

  async #callHandlers({ error, thrown }: Failure): Promise<{ chainEnded?: boolean }> {
    const { exceptionHandlers } = this.#options
    if (exceptionHandlers.length === 0) return {}
    const context = new RunContext(this.#options, this.signal, this.executionId)
    const job = await handleOf({ ...this.record, status: 'failed' }, context)
    const chainEnded = await callExceptionHandlers(
      exceptionHandlers,
      async (reference) => {
        this.#enter('handlers', error)
        const handler = await this.loader.load(reference)
        return handler(job, thrown)
      },
      (reference, text, failedBy) => {
        // It may quote the job, which only readers with the codec may see.
        const shown = this.#options.codec === undefined ? text : errorName(failedBy)
        process.stderr.write(`rq: exception handler ${reference} failed: ${shown}\n`)
      },
    )
    return chainEnded ? { chainEnded } : {}
  }
}
