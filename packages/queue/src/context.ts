import { invalidOption } from '@rq/core'
import type { Storage } from '@rq/job'
import { defaultSerializer, resolveSerializer, type Serializer, type SerializerOption } from '@rq/serializer'

/** What a job handle works with. */
export interface JobContext {
  readonly storage: Storage
  readonly serializer: Serializer
  /** Fired on timeout, stop and lost lease. Only for the job that is being run. */
  readonly signal?: AbortSignal
  /** The attempt on whose behalf meta is written. Only for the job that is being run. */
  readonly executionId?: string | undefined
}

/** How a function that is given no queue finds its store. */
export interface StorageOptions {
  readonly storage: Storage
  /** Default: superjson. Must be the one the job was written with. */
  readonly serializer?: SerializerOption
}

/** @throws RqError `RQ_INVALID_OPTION` when there is no storage, or no such serializer. */
export function contextOf(options: StorageOptions): JobContext {
  const storage = options?.storage
  if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
  const { serializer } = options
  return { storage, serializer: serializer === undefined ? defaultSerializer : resolveSerializer(serializer) }
}
