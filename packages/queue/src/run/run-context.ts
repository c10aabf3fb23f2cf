import type { Storage } from '@rq/job'
import type { Codec, Serializer } from '@rq/serializer'
import type { JobContext } from '../context.ts'
import type { SizeLimits } from '../payload/size-limits.ts'
import { MessageSender } from './message-sender.ts'
import { type RunSignal, signalOf } from './run-limit.ts'

/** What the handle of a job that is being run works with. A class, since there is one for each run. */
export class RunContext implements JobContext {
  readonly storage: Storage
  readonly serializer: Serializer
  readonly codec: Codec | undefined
  readonly limits: SizeLimits | undefined
  readonly executionId: string | undefined
  readonly #signal: RunSignal
  #sender: MessageSender | undefined

  constructor({ storage, serializer, codec, limits }: JobContext, signal: RunSignal, executionId: string | undefined) {
    this.storage = storage
    this.serializer = serializer
    this.codec = codec
    this.limits = limits
    this.executionId = executionId
    this.#signal = signal
  }

  get signal(): AbortSignal {
    return signalOf(this.#signal)
  }

  /** Made when the job first sends; undefined when no execution owns the job. */
  sender(jobId: string, attempt: number): MessageSender | undefined {
    const { executionId, storage } = this
    if (executionId === undefined) return undefined
    this.#sender ??= new MessageSender(storage.jobs, { jobId, executionId, attempt })
    return this.#sender
  }

  /** That of a job that has sent. */
  get usedSender(): MessageSender | undefined {
    return this.#sender
  }
}
