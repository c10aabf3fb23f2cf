import { checkName, checkOptionNames, type OptionNames, oneOf } from '@rq/core'
import type { JobRecord, NewJob } from '@rq/job'
import { Job } from '../job/job.ts'
import { encodeRecords } from '../payload/payload-codec.ts'
import { batchInDependencyOrder } from './batch-order.ts'
import type { CallNames } from './call-names.ts'
import { handlesOfDuplicates } from './duplicates.ts'
import { checkDatas, type EnqueueData } from './enqueue-data.ts'
import { functionsOf, type KnownFunctions } from './known-functions.ts'
import { EnqueuedList } from './list-outcome.ts'
import { AT_ONCE, newJobOf } from './new-job.ts'
import { newRecord } from './new-record.ts'
import type { Producer } from './producer.ts'

export interface EnqueueManyOptions {
  /** A pipeline of the store's client (of Redis: ioredis). Nothing is visible before its `exec()`. */
  readonly pipeline?: unknown
  /** The group that the jobs belong to. Default: none. */
  readonly groupId?: string
  /**
   * What to do with a job with `unique` whose id exists, or whose key another one holds. `refuse`: throw a
   * DuplicateJobError when the others are written. `return`: return the handle of the job that is there; its
   * `isDuplicate` is true. Default: what the job's own `unique` says, `refuse` for `unique: true`.
   */
  readonly onDuplicate?: 'refuse' | 'return'
}

const NAMES: OptionNames<EnqueueManyOptions> = { pipeline: true, groupId: true, onDuplicate: true }

/** Enqueue a list. The handles have its order. @throws as `queue.enqueueMany`. */
export async function enqueueMany(
  producer: Producer,
  datas: readonly EnqueueData[],
  options: EnqueueManyOptions,
): Promise<Job[]> {
  const { pipeline, groupId, onDuplicate } = checkOptionNames(options, NAMES, 'enqueueMany')
  if (onDuplicate !== undefined) oneOf('onDuplicate', onDuplicate, ['refuse', 'return'])
  if (groupId !== undefined) checkName(groupId, 'groupId')
  checkDatas(datas)
  const { jobs, known, records } = await makeJobs(producer, datas, groupId)
  const { context, sender } = producer
  const handle = (job: NewJob, index: number) => new Job(job.record, context, records[index])
  const ordered = batchInDependencyOrder(jobs)
  if (pipeline !== undefined) {
    sender.sendInto(pipeline, ordered)
    return jobs.map(handle)
  }
  const list = new EnqueuedList(jobs.length)
  const send = (some: readonly NewJob[]) => sender.sendList(some, list, known)
  await send(ordered)
  const isWanted = ({ uniqueKey }: NewJob) => (onDuplicate ?? uniqueKey?.onDuplicate) === 'return'
  const existing = await handlesOfDuplicates(list, context, isWanted, send)
  const handles = jobs.map((job, index) => existing.get(job) ?? (list.isWritten(job) ? handle(job, index) : null))
  list.end(handles)
  // Without an error, none is null.
  return handles as Job[]
}

/** The jobs of a list, in its order. */
interface MadeJobs {
  readonly jobs: readonly NewJob[]
  /** Their records before a codec has encoded them. */
  readonly records: readonly JobRecord[]
  readonly known: () => KnownFunctions
}

async function makeJobs(
  producer: Producer,
  datas: readonly EnqueueData[],
  groupId: string | undefined,
): Promise<MadeJobs> {
  const { calls, context, defaults, signer } = producer
  const made =
    defaults === undefined
      ? datas
      : datas.map(({ args, func, given, id }) => ({ args, func, id, options: producer.optionsOf(given) }))
  const names = await calls.namesOfAll(made)
  const records = made.map(({ args, id, options }, index) => {
    const record = newRecord(names[index] as CallNames, args, options, producer.recordDefaults, id)
    if (groupId !== undefined) record.groupId = groupId
    return record
  })
  const { codec, limits } = context
  const stored = codec === undefined ? records : await encodeRecords(codec, records, limits)
  for (const record of stored) signer?.sign(record)
  const jobs = made.map(({ options }, index) =>
    newJobOf(stored[index] as JobRecord, options, datas[index]?.takeId() === true, AT_ONCE),
  )
  const known = () => new Map(made.flatMap(({ func, options }, index) => [...functionsOf(func, options, names[index])]))
  return { jobs, known, records }
}
