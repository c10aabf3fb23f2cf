import type { JobRecord, JobStatus } from '@rq/job'
import { Job } from '../job/job.ts'
import type { Payloads } from '../payload/payload-codec.ts'
import type { CurrentRun } from './current-job.ts'
import type { MessageSender } from './message-sender.ts'
import type { CallbackInput } from './run-callback.ts'
import { RunContext } from './run-context.ts'
import type { RunSignal } from './run-limit.ts'

/**
 * A job while its function and callbacks run. The handle that they get is made when it is first asked for: most
 * functions do without it, and it costs more than all else that a short job needs.
 */
export class RunningJob implements CurrentRun {
  readonly #input: CallbackInput & { readonly signal: RunSignal }
  readonly #payloads: Payloads
  #startedAtMs = Date.now()
  #endedAtMs: number | undefined
  #job: Job | undefined
  #context: RunContext | undefined
  #record: JobRecord | undefined
  #status: JobStatus = 'started'
  #hasBegun = false

  /** @param payloads - of the record, decoded. */
  constructor(input: CallbackInput & { readonly signal: RunSignal }, payloads: Payloads) {
    this.#input = input
    this.#payloads = payloads
  }

  get job(): Job {
    if (this.#job !== undefined) return this.#job
    const { context, executionId, record, signal } = this.#input
    // A copy, since the job's function may change it. Not a spread, which takes four times as long here.
    this.#record = Object.assign({}, record, { status: this.#status, startedAtMs: this.#startedAtMs })
    if (this.#endedAtMs !== undefined) this.#record.endedAtMs = this.#endedAtMs
    const payloads = this.#payloads === record ? this.#record : this.#payloads
    this.#context = new RunContext(context, signal, executionId)
    this.#job = new Job(this.#record, this.#context, payloads)
    return this.#job
  }

  /** Its function is called now. */
  begin(): void {
    this.#hasBegun = true
    this.#startedAtMs = Date.now()
    if (this.#record !== undefined) this.#record.startedAtMs = this.#startedAtMs
  }

  /** Its function has ended. */
  end(): void {
    this.#endedAtMs = Date.now()
    if (this.#record !== undefined) this.#record.endedAtMs = this.#endedAtMs
  }

  /** What its callbacks see. */
  become(status: JobStatus): void {
    this.#status = status
    if (this.#record !== undefined) this.#record.status = status
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** What sends its messages; undefined when it has sent none. */
  get sender(): MessageSender | undefined {
    return this.#context?.usedSender
  }

  get startedAtMs(): number {
    return this.#startedAtMs
  }

  get endedAtMs(): number {
    return this.#endedAtMs ?? Date.now()
  }
}
