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

/** How a function that takes no queue finds its store. */
export interface StorageOptions {
  /** Default: what the storage factory makes of a `connection` and a `prefix` ({@link setStorageFactory}). */
  readonly storage?: Storage
  /** Default: superjson. Must be the one that the job was written with. */
  readonly serializer?: SerializerOption
}

/** Where a store is. What a `connection` may be depends on the storage factory. */
export interface StoragePlace {
  readonly connection?: unknown
  readonly prefix?: string
}

/** Called for every call that names a place: it should return the same storage for the same place. */
export type StorageFactory = (place: StoragePlace) => Storage

let makeStorage: StorageFactory | undefined

/**
 * Set the function that makes the storage of calls that name a place instead, as `Job.fetch(id, { connection })` does.
 * One for the whole process, so that `Job` and `Group` are the same classes with and without it. `rq` sets it when it is
 * loaded. Undefined removes it: such calls are refused then.
 */
export function setStorageFactory(factory: StorageFactory | undefined): void {
  makeStorage = factory
}

/** @throws RqError `RQ_INVALID_OPTION` when there is no storage, or no such serializer; what the storage factory throws. */
export function contextOf(options: StorageOptions & StoragePlace = {}): JobContext {
  const { serializer, storage = makeStorage?.(options) } = options
  if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
  return { storage, serializer: serializer === undefined ? defaultSerializer : resolveSerializer(serializer) }
}
