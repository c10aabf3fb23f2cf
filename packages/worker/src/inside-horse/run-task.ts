import { RqError, SECOND_MS } from '@rq/core'
import { type AnyFunction, DEFAULT_CALLBACK_TIMEOUT_S, type Outcome, type Storage } from '@rq/job'
import { Job, type JobContext, JobTimeoutError } from '@rq/queue'
import {
  type Attempt,
  attemptJob,
  errorName,
  errorText,
  type Loader,
  RunContext,
  type RunLimit,
  runFailureCallback,
  runStoppedCallback,
} from '@rq/queue/run'
import type { Serializer } from '@rq/serializer'
import type { AbortReason, ErrorFacts, Phase, Task, TaskResult } from './protocol.ts'
import type { Perform, TaskContext } from './runner.ts'
import { WatchedLoader } from './watched-loader.ts'

export interface PerformOptions {
  readonly storage: Storage
  readonly serializer: Serializer
  readonly loader: Loader
  /** References of exception handlers. */
  readonly exceptionHandlers: readonly string[]
  /** Before the first callback of a task: makes `storage.client()` possible. */
  readonly prepareClient?: () => Promise<void>
}

/** How long a function may take to end by itself after its attempt was ended by its signal. */
const SETTLE_MS = 200

const PHASES = { success: 'success_callback', failure: 'failure_callback', stopped: 'stopped_callback' } as const

/** The work of a horse: one task with its callbacks and handlers, start to end. */
export function makePerform(options: PerformOptions): Perform {
  return (task, context) => new Performance(options, task, context).run()
}

/** The reason that a task's signal fires with. */
export function abortError(reason: AbortReason, timeoutS: number): Error {
  if (reason === 'timeout') return new JobTimeoutError(timeoutS)
  if (reason === 'stopped') return new RqError('RQ_JOB_STOPPED', 'Job stopped by user.')
  return new RqError('RQ_LEASE_LOST', 'This job belongs to another worker by now.')
}

class Performance {
  readonly #options: PerformOptions
  readonly #task: Task
  readonly #context: TaskContext
  readonly #loader: WatchedLoader
  readonly #job: JobContext

  constructor(options: PerformOptions, task: Task, context: TaskContext) {
    this.#options = options
    this.#task = task
    this.#context = context
    this.#loader = new WatchedLoader(options.loader)
    const { storage, serializer } = options
    this.#job = new RunContext({ storage, serializer, executionId: task.id }, context.limit)
  }

  async run(): Promise<TaskResult> {
    const task = this.#task
    const { record } = task
    if (record.onSuccess !== undefined || record.onFailure !== undefined || record.onStopped !== undefined) {
      await this.#options.prepareClient?.()
    }
    const end = task.kind === 'job' ? await this.#afterJob(await attemptJob(this.#input())) : await this.#callBack(task)
    if (!this.#loader.isBusy) return end
    await this.#loader.settled(SETTLE_MS)
    return this.#loader.isBusy ? { ...end, leaking: true } : end
  }

  #callBack(task: Exclude<Task, { kind: 'job' }>): Promise<TaskResult> {
    return task.kind === 'failure_callback' ? this.#reportFailure(task.error) : this.#reportStop()
  }

  #afterJob({ outcome }: Attempt): TaskResult | Promise<TaskResult> {
    if (outcome.kind !== 'raised' || isLeaseLost(this.#context.limit)) return { outcome }
    return this.#afterFailure(outcome)
  }

  async #afterFailure(outcome: Outcome & { kind: 'raised' }): Promise<TaskResult> {
    const error = this.#errorFacts(outcome.error)
    return { outcome, error, ...(await this.#callHandlers(this.#thrown(), error)) }
  }

  async #reportFailure(facts: ErrorFacts): Promise<TaskResult> {
    const startedAtMs = Date.now()
    const error = asError(facts)
    const plain = errorText(error)
    const told = await runFailureCallback(this.#input(), error)
    // The worker's own text, unless the callback has added to it.
    const text = told === plain ? facts.text : told
    const outcome = { kind: 'raised', error: text, startedAtMs, endedAtMs: Date.now() } as const
    return { outcome, error: { ...facts, text }, ...(await this.#callHandlers(error, { ...facts, text })) }
  }

  async #reportStop(): Promise<TaskResult> {
    await runStoppedCallback(this.#input())
    return {}
  }

  #input() {
    return {
      record: this.#task.record,
      context: this.#job,
      loader: this.#loader,
      signal: this.#context.limit,
      onCallback: (kind: keyof typeof PHASES, timeoutS: number) =>
        this.#enter(PHASES[kind], timeoutS, kind === 'failure' ? this.#errorFacts() : undefined),
    }
  }

  #enter(phase: Phase, timeoutS: number, error?: ErrorFacts): void {
    const { id } = this.#task
    this.#context.tell({ type: 'phase', id, phase, timeoutS, ...(error !== undefined && { error }) })
  }

  /** What the attempt failed by, as far as it went through the functions that were called. */
  #thrown(): unknown {
    const { limit } = this.#context
    return limit.aborted ? limit.reason : this.#loader.lastError?.thrown
  }

  #errorFacts(text?: string): ErrorFacts {
    const task = this.#task
    if (task.kind === 'failure_callback') return task.error
    const thrown = this.#thrown()
    // Nothing was thrown through a function that was called: the call is unreadable, or its module is missing.
    if (thrown === undefined && this.#loader.lastError === undefined) return factsOf(text ?? 'Error: The job failed.')
    return { ...factsOf(text ?? errorText(thrown)), name: errorName(thrown) }
  }

  /** Call the handlers in order until one returns false. What a handler throws is printed, and the next one is called. */
  async #callHandlers(error: unknown, facts: ErrorFacts): Promise<{ chainEnded?: boolean }> {
    const { exceptionHandlers } = this.#options
    if (exceptionHandlers.length === 0) return {}
    const limitS = DEFAULT_CALLBACK_TIMEOUT_S
    const job = new Job({ ...this.#task.record, status: 'failed' }, this.#job)
    for (const reference of exceptionHandlers) {
      this.#enter('handlers', limitS, facts)
      try {
        const handler = await this.#loader.load(reference)
        const answer = await within(limitS, handler, [job, error ?? asError(facts)])
        if (answer === false) return { chainEnded: true }
      } catch (thrown) {
        process.stderr.write(`rq: exception handler ${reference} failed: ${errorText(thrown)}\n`)
      }
    }
    return {}
  }
}

async function within(limitS: number, handler: AnyFunction, args: readonly unknown[]): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new JobTimeoutError(limitS)), limitS * SECOND_MS)
  })
  try {
    return await Promise.race([handler(...args), limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Name and message from the last line of an error text, which is its summary. */
function factsOf(text: string): ErrorFacts {
  const summary = text.slice(text.lastIndexOf('\n') + 1)
  const [, name = 'Error', message = summary] = /^([\w$]+): (.*)$/.exec(summary) ?? []
  return { name, message, text }
}

function isLeaseLost(limit: RunLimit): boolean {
  return limit.aborted && limit.reason instanceof RqError && limit.reason.code === 'RQ_LEASE_LOST'
}

/** An Error that looks like the one that is told of. */
function asError({ name, message, text }: ErrorFacts): Error {
  const error = new Error(message)
  error.name = name
  error.stack = text
  return error
}
