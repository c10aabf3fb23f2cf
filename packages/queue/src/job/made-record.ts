import type { AnyFunction, EnqueueOptions, JobRecord } from '@rq/job'
import { contextOf, type JobContext, type StorageOptions, type StoragePlace } from '../context.ts'
import { findNames } from '../enqueue/call-names.ts'
import type { Callable, CallRest } from '../enqueue/call-types.ts'
import { checkCreateOptions, checkRest, newRecord } from '../enqueue/new-record.ts'
import { JobSigner, type SignOptions } from '../payload/signature.ts'

/** Options of `Job.create`. */
export interface CreateOptions extends EnqueueOptions, StorageOptions {
  /** The name of its queue. Default: none until it is enqueued. */
  origin?: string
  /** Import paths of the workers: references of functions are relative to them. Default: the working directory. */
  importPaths?: readonly string[]
  /** Sign it, for a queue with `sign`. Default: not signed. */
  sign?: SignOptions
}

/** What the handle of a job that is made by `Job.create` needs. */
export interface MadeRecord {
  readonly record: JobRecord
  readonly context: JobContext
  readonly signer: JobSigner | undefined
}

/** The record of a job that is not stored yet. @throws as `Job.create`. */
export async function madeRecord<F extends AnyFunction>(
  func: Callable<F>,
  rest: CallRest<F, CreateOptions>,
): Promise<MadeRecord> {
  const given: CreateOptions & StoragePlace = rest[1] ?? {}
  const {
    connection,
    prefix,
    storage,
    serializer,
    codec,
    limits,
    logger,
    origin = '',
    importPaths,
    sign,
    ...options
  } = given
  const context = contextOf(given)
  const checked = checkCreateOptions(options)
  const args = checkRest(rest)
  const names = await findNames(func, checked, importPaths === undefined ? {} : { importPaths })
  const record = newRecord(names, args, checked, { ...context, origin, results: 'hash' })
  return { record, context, signer: sign && new JobSigner(sign, context.limits?.limits.inflated) }
}
