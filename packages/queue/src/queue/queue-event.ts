import type { PublishedEvent, QueueEventName } from '@rq/job'
import type { Job } from '../job/job.ts'
import type { QueueContents } from './queue-contents.ts'

/** An event about a job of a queue. It brings no more of the job than its id: {@link QueueEvent.fetchJob} reads it. */
export class QueueEvent implements PublishedEvent {
  readonly name: QueueEventName
  readonly queue: string
  readonly jobId: string
  readonly executionId: string
  readonly workerName: string
  readonly atMs: number
  readonly #contents: QueueContents

  constructor({ name, queue, jobId, executionId, workerName, atMs }: PublishedEvent, contents: QueueContents) {
    this.name = name
    this.queue = queue
    this.jobId = jobId
    this.executionId = executionId
    this.workerName = workerName
    this.atMs = atMs
    this.#contents = contents
  }

  /**
   * Read the job from the store, as it is now: it may have gone on since the event. Each call reads it again.
   * @returns null when it is gone, such as a finished job with a `resultTtl` of 0.
   * @throws RqError of the store, such as `RQ_REDIS_UNREACHABLE`.
   */
  fetchJob<R = unknown>(): Promise<Job<R> | null> {
    return this.#contents.fetchJob<R>(this.jobId)
  }
}
