import { invalidOption } from '@rq/core'
import type { JobRecord, NewJob } from '@rq/job'
import type { JobContext } from '../context.ts'
import { batchOf, type EnqueueBatch } from './enqueue-batch.ts'
import { enqueueInChunks, runList } from './enqueue-list.ts'
import { type InProcessOptions, runInProcess } from './in-process.ts'
import type { KnownFunctions } from './known-functions.ts'
import type { EnqueuedList } from './list-outcome.ts'
import { expectedPlacement, setPlacement } from './placing.ts'

/**
 * Sends the new jobs of a queue to the store: together with others of the same moment, or into a pipeline of the
 * caller. With `isAsync: false` it runs those that are due. Sets the status of their records.
 */
export class JobSender {
  readonly isAsync: boolean
  readonly #context: JobContext
  readonly #batch: EnqueueBatch
  readonly #inProcess: InProcessOptions

  constructor(context: JobContext, isAsync: boolean, inProcess: InProcessOptions) {
    this.isAsync = isAsync
    this.#context = context
    this.#batch = batchOf(context.storage.queues)
    this.#inProcess = inProcess
  }

  /**
   * @param known the functions of the job, if it runs here.
   * @returns the record of the job.
   * @throws as `queue.enqueue`.
   */
  send(job: NewJob, pipeline: unknown, known: () => KnownFunctions): Promise<JobRecord> {
    if (pipeline === undefined && (this.isAsync || job.dueMs !== undefined || job.delayMs !== undefined)) {
      return this.#batch.add(job).then((placement) => setPlacement(job, placement))
    }
    return this.#sendNow(job, pipeline, known)
  }

  async #sendNow(job: NewJob, pipeline: unknown, known: () => KnownFunctions): Promise<JobRecord> {
    if (pipeline !== undefined) {
      this.sendInto(pipeline, [job])
      return job.record
    }
    refuseRateLimit(job)
    await runInProcess(job, this.#context, known(), this.#inProcess)
    return job.record
  }

  /** Add jobs to a pipeline of the caller. @throws RqError `RQ_INVALID_OPTION` for a job that cannot be in one. */
  sendInto(pipeline: unknown, jobs: readonly NewJob[]): void {
    for (const job of jobs) this.#checkPipeline(job)
    this.#context.storage.queues.enqueueInto(pipeline, jobs)
    for (const job of jobs) setPlacement(job, expectedPlacement(job))
  }

  /**
   * @param list gets what became of each job.
   * @throws RqError `RQ_INVALID_OPTION` for a job that cannot run here, before any is sent.
   */
  async sendList(jobs: readonly NewJob[], list: EnqueuedList, known: () => KnownFunctions): Promise<void> {
    if (this.isAsync) return enqueueInChunks(this.#context.storage.queues, jobs, list)
    for (const job of jobs) refuseRateLimit(job)
    const functions = known()
    return runList(jobs, (job) => runInProcess(job, this.#context, functions, this.#inProcess), list)
  }

  /** Resolves when the store has answered for all jobs that were given to {@link send}. */
  idle(): Promise<void> {
    return this.#batch.idle()
  }

  #checkPipeline(job: NewJob): void {
    if (job.unique || job.record.unique !== undefined)
      throw invalidOption('unique', true, 'no pipeline with it: a pipeline cannot report duplicates')
    if (!this.isAsync)
      throw invalidOption('pipeline', {}, 'none on a queue with isAsync: false, whose jobs run at once')
  }
}

function refuseRateLimit({ record }: NewJob): void {
  if (record.rateLimit === undefined) return
  throw invalidOption('rateLimit', record.rateLimit, 'none on a queue with isAsync: false, whose jobs run at once')
}
