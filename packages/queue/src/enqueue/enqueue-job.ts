import { checkOptionNames, type OptionNames } from '@rq/core'
import type { EnqueueOptions, FunctionRef, JobRecord } from '@rq/job'
import { type Job, newHandle } from '../job/job.ts'
import type { DueTime } from './new-job.ts'
import { checkCreateOptions, checkRest, newRecord, type RecordDefaults } from './new-record.ts'
import type { Producer } from './producer.ts'
import { overDefaults } from './queue-defaults.ts'
import { refuseStillWaiting } from './still-waiting.ts'

export interface EnqueueJobOptions {
  /** Put it at the head of the queue. Default false. */
  readonly atFront?: boolean
  /** Throw a DuplicateJobError if a job with its id exists. Default false. */
  readonly unique?: boolean
  /** As in {@link EnqueueManyOptions}. */
  readonly pipeline?: unknown
}

const NAMES: OptionNames<EnqueueJobOptions> = { atFront: true, unique: true, pipeline: true }

/** Make a job that {@link enqueueJob} enqueues later. @throws as `queue.createJob`. */
export async function createJob<R>(producer: Producer, func: FunctionRef, rest: readonly unknown[]): Promise<Job<R>> {
  const { calls, context, signer } = producer
  const given = rest[1] as EnqueueOptions | undefined
  // A job takes a key only when it is enqueued.
  const { unique: _, ...defaults } = producer.defaults ?? {}
  const options = checkCreateOptions(producer.defaults === undefined ? given : overDefaults(defaults, given))
  const args = checkRest(rest)
  const names = await calls.namesOf(func, options)
  return newHandle(newRecord(names, args, options, producer.recordDefaults), context, signer)
}

/** Enqueue the job of a handle. @returns the same handle. @throws as `queue.enqueueJob`. */
export async function enqueueJob<R>(
  producer: Producer,
  job: Job<R>,
  options: EnqueueJobOptions,
  time: DueTime,
): Promise<Job<R>> {
  const { atFront = false, unique = false, pipeline } = checkOptionNames(options, NAMES, 'enqueueJob')
  const { calls, context, sender, signer } = producer
  const made = job.toStoredRecord()
  const known = made instanceof Promise ? await calls.inOrder(made) : made
  signer?.verify(known)
  const record = fresh(known, producer.recordDefaults)
  signer?.sign(record)
  const wasDeferredHere = known.status === 'deferred' && known.origin === record.origin
  const newJob = { record, atFront: atFront || record.enqueueAtFront === true, unique, again: true, ...time }
  await sender.send(newJob, pipeline, () => new Map())
  if (wasDeferredHere && record.status === 'deferred' && pipeline === undefined) {
    await refuseStillWaiting(context.storage.jobs, record.id)
  }
  become(known, record)
  return job
}

/** The record of a job of this queue, without the state of its runs. */
function fresh(record: JobRecord, { origin, timeoutS }: RecordDefaults): JobRecord {
  const { startedAtMs, endedAtMs, lastHeartbeatMs, workerName, executionId, ...withResult } = record
  const { abandonedCount, returnedMs, returnForMs, result, excInfo, leftOut, ...rest } = withResult
  const limit = rest.timeoutS ?? timeoutS
  return { ...rest, origin, status: 'created', ...(limit !== undefined && { timeoutS: limit }) }
}

/** Make a record equal to another one, since a handle holds it. */
function become(record: JobRecord, other: JobRecord): void {
  for (const key of Object.keys(record)) if (!(key in other)) delete record[key as 'startedAtMs']
  Object.assign(record, other)
}
