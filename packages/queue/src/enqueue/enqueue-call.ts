import type { EnqueueOptions, FunctionRef, JobRecord, NewJob } from '@rq/job'
import { Job } from '../job/job.ts'
import { handlesOfDuplicates } from './duplicates.ts'
import { functionsOf, type KnownFunctions } from './known-functions.ts'
import { EnqueuedList } from './list-outcome.ts'
import { type DueTime, newJobOf } from './new-job.ts'
import { checkRest } from './new-record.ts'
import type { Producer } from './producer.ts'

/** Enqueue one call: its arguments and options are in `rest`. @throws as `queue.enqueue`. */
export async function enqueueCall<R>(
  producer: Producer,
  func: FunctionRef,
  rest: readonly unknown[],
  time: DueTime,
): Promise<Job<R>> {
  const given = rest[1] as EnqueueOptions | undefined
  const options = producer.optionsOf(given)
  const made = producer.calls.make(func, checkRest(rest), options, producer.recordDefaults)
  const { names, record, stored } = made instanceof Promise ? await made : made
  producer.signer?.sign(stored)
  const job = newJobOf(stored, options, options.id === undefined, time)
  const known = () => functionsOf(func, options, names)
  try {
    return new Job<R>(await producer.sender.send(job, given?.pipeline, known), producer.context, record)
  } catch (error) {
    if (typeof options.unique !== 'object' || options.unique.onDuplicate !== 'return') throw error
    return (await existingJob(producer, job, record, error, known)) as Job<R>
  }
}

/** The job that holds the key of another one, which was refused; or the handle of that one, if it is written now. */
async function existingJob(
  { context, sender }: Producer,
  job: NewJob,
  record: JobRecord,
  error: unknown,
  known: () => KnownFunctions,
): Promise<Job> {
  const list = new EnqueuedList(1)
  if (!list.refuse(job, error)) throw error
  const send = (some: readonly NewJob[]) => sender.sendList(some, list, known)
  const found = (await handlesOfDuplicates(list, context, () => true, send)).get(job)
  list.end([null])
  return found ?? new Job(job.record, context, record)
}
