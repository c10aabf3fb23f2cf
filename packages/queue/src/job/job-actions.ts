import { checkOptionNames, invalidOption, type OptionNames, RqError } from '@rq/core'
import { type JobStore, LONGEST_STOP_REASON, type Storage } from '@rq/job'
import { checkedContextOf, type StorageOptions } from '../context.ts'
import { noSuchJob } from '../failure/job-errors.ts'
import { type When, whenMs } from '../when.ts'
import { jobIdOf } from './job-view.ts'

export interface CancelOptions {
  /**
   * Remove it from the dependencies of the jobs that wait for it, and enqueue those that wait for nothing else. Default
   * false.
   */
  enqueueDependents?: boolean
  /** Remove it from the dependents of the jobs that it waits for. Default false. */
  removeFromDependencies?: boolean
  /**
   * A pipeline of the store's client (of Redis: ioredis). Nothing happens before its `exec()`, which gets the answer.
   */
  pipeline?: unknown
}

export interface DeleteOptions {
  /** Delete the jobs that wait for it as well. Default false. */
  deleteDependents?: boolean
  /** A pipeline of the store's client (of Redis: ioredis). Nothing happens before its `exec()`. */
  pipeline?: unknown
}

export interface RequeueOptions {
  /** Put it at the head of its queue. Default false. */
  atFront?: boolean
}

export interface StopOptions {
  /**
   * Why, for the job: `signal.reason.message` has it, and `signal.reason.details.reason` is it. At most 1000
   * characters. Default: none.
   */
  reason?: string
}

const CANCEL_NAMES: OptionNames<CancelOptions> = {
  enqueueDependents: true,
  removeFromDependencies: true,
  pipeline: true,
}
const DELETE_NAMES: OptionNames<DeleteOptions> = { deleteDependents: true, pipeline: true }
const REQUEUE_NAMES: OptionNames<RequeueOptions> = { atFront: true }
const STOP_NAMES: OptionNames<StopOptions> = { reason: true }

/**
 * Move a job to the canceled registry from wherever it waits. A running job continues. Atomic.
 * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is canceled already.
 */
export async function cancelJob(id: string, options: StorageOptions & CancelOptions = {}): Promise<void> {
  const { storage } = checkedContextOf(options, 'cancelJob', CANCEL_NAMES)
  const { enqueueDependents, removeFromDependencies, pipeline } = options
  await cancelIn(storage.jobs, jobIdOf(id), {
    ...(enqueueDependents !== undefined && { enqueueDependents }),
    ...(removeFromDependencies !== undefined && { removeFromDependencies }),
    pipeline,
  })
}

/**
 * Move a failed or stopped job back to its queue. Atomic.
 * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not in the failed registry.
 */
export async function requeueJob(id: string, options: StorageOptions & RequeueOptions = {}): Promise<void> {
  const { storage } = checkedContextOf(options, 'requeueJob', REQUEUE_NAMES)
  await requeueIn(storage.jobs, jobIdOf(id), options.atFront === undefined ? {} : { atFront: options.atFront })
}

/** Cancel a job of a store. @throws as {@link cancelJob}. */
export async function cancelIn(jobs: JobStore, jobId: string, options: CancelOptions): Promise<void> {
  checkOptionNames(options, CANCEL_NAMES, 'job.cancel')
  const { enqueueDependents = false, removeFromDependencies = false, pipeline } = options
  const request = { jobId, enqueueDependents, removeFromDependencies }
  if (pipeline !== undefined) return jobs.cancelInto(pipeline, request)
  const answer = await jobs.cancel(request)
  if (answer === 'missing') throw noSuchJob(jobId)
  if (answer === 'refused') throw invalidOperation(jobId, 'is canceled already')
}

/** Delete a job of a store. A job that no longer exists is no error. */
export async function deleteIn(jobs: JobStore, jobId: string, options: DeleteOptions): Promise<void> {
  const { deleteDependents = false, pipeline } = checkOptionNames(options, DELETE_NAMES, 'job.delete')
  const request = { jobId, deleteDependents }
  if (pipeline !== undefined) return jobs.deleteInto(pipeline, request)
  await jobs.delete(request)
}

/** Enqueue a scheduled job now. @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not scheduled. */
export async function promoteIn(storage: Storage, jobId: string, options: RequeueOptions): Promise<void> {
  checkOptionNames(options, REQUEUE_NAMES, 'registry.requeue')
  const answer = await storage.schedules.promote(jobId, options.atFront ?? false)
  if (answer === 'missing') throw noSuchJob(jobId)
  if (answer === 'refused') throw invalidOperation(jobId, 'is not scheduled')
}

/** Change the due time of a job. @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it is not scheduled. */
export async function rescheduleIn(storage: Storage, jobId: string, when: When): Promise<void> {
  const answer = await storage.schedules.reschedule(jobId, whenMs(when, 'when'))
  if (answer === 'missing') throw noSuchJob(jobId)
  if (answer === 'refused') throw invalidOperation(jobId, 'is not scheduled, so it cannot be rescheduled')
}

/**
 * Requeue a job of a store. If it is gone, its entry in the failed registry of `queue` is dropped.
 * @throws as {@link requeueJob}.
 */
export async function requeueIn(jobs: JobStore, jobId: string, options: RequeueOptions, queue?: string): Promise<void> {
  checkOptionNames(options, REQUEUE_NAMES, 'job.requeue')
  const answer = await jobs.requeue(jobId, options.atFront ?? false, queue)
  if (answer === 'missing') throw noSuchJob(jobId)
  if (answer === 'refused') throw invalidOperation(jobId, 'is not in the failed registry, so it cannot be requeued')
}

/**
 * Ask the worker that runs a job to stop it. Not acknowledged.
 * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when no worker runs it, `RQ_INVALID_OPTION`.
 */
export async function stopIn(storage: Storage, jobId: string, options: StopOptions): Promise<void> {
  const { reason } = checkOptionNames(options, STOP_NAMES, 'job.stop')
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > LONGEST_STOP_REASON)) {
    throw invalidOption('reason', reason, `a text of at most ${LONGEST_STOP_REASON} characters`)
  }
  // No payload matters here.
  const [record] = await storage.jobs.fetch([jobId], 0)
  if (record === undefined) throw noSuchJob(jobId)
  const { workerName, executionId } = record
  if (record.status !== 'started' || workerName === undefined) {
    throw invalidOperation(jobId, `is ${record.status}: no worker runs it, so it cannot be stopped`)
  }
  await storage.admin.sendCommand(workerName, {
    command: 'stop-job',
    jobId,
    ...(executionId !== undefined && { executionId }),
    ...(reason !== undefined && { reason }),
  })
}

/** The error of a request that the status of a job does not allow. */
export function invalidOperation(jobId: string, why: string): RqError {
  return new RqError('RQ_INVALID_OPERATION', `Job ${jobId} ${why}.`, { details: { jobId } })
}
