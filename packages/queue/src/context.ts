import { checkOptionNames, invalidOption, type Logger, type OptionNames } from '@rq/core'
import { checkLimits, type LimitOptions, type Storage } from '@rq/job'
import {
  type Codec,
  checkCodec,
  defaultSerializer,
  resolveSerializer,
  type Serializer,
  type SerializerOption,
} from '@rq/serializer'
import { SizeLimits } from './payload/size-limits.ts'
import type { MessageSender } from './run/message-sender.ts'

/** The store, serializer, codec and limits of a job handle. */
export interface JobContext {
  readonly storage: Storage
  readonly serializer: Serializer
  /** Encodes what the serializer writes. Undefined: it is stored as it is. */
  readonly codec?: Codec | undefined
  /** Undefined: the default limits, and no warnings. */
  readonly limits?: SizeLimits | undefined
  /** Fires on timeout, stop and lost lease. Set only for a job that is being run. */
  readonly signal?: AbortSignal
  /** The execution that writes meta. Set only for a job that is being run. */
  readonly executionId?: string | undefined
  /** What sends the messages of the run. Set only for a job that is being run. */
  readonly sender?: (jobId: string, attempt: number) => MessageSender | undefined
}

/** Options of functions that are called without a queue. */
export interface StorageOptions {
  /** Default: the storage that the storage factory makes ({@link setStorageFactory}). Required while there is none. */
  readonly storage?: Storage
  /** Default: superjson. Must be the one that the job was written with. */
  readonly serializer?: SerializerOption
  /**
   * Encodes arguments, results, errors and meta, such as `aesCodec()`. Default: none. What was written without a codec
   * is read as it is.
   */
  readonly codec?: Codec | undefined
  /** How large what is stored may be. Default: 16 MB each for arguments, a return value and meta. */
  readonly limits?: LimitOptions
  /** Where to log values that are large. Default: nowhere. */
  readonly logger?: Logger
}

/** Options that name a store. The storage factory decides what a `connection` may be. */
export interface StoragePlace {
  readonly connection?: unknown
  readonly prefix?: string
}

const NAMES: OptionNames<StorageOptions & StoragePlace> = {
  storage: true,
  serializer: true,
  codec: true,
  limits: true,
  logger: true,
  connection: true,
  prefix: true,
}

/** Makes a storage. It is called often, and should return the same storage for the same place. */
export type StorageFactory = (place: StoragePlace) => Storage

let makeStorage: StorageFactory | undefined

/**
 * Set the function that makes the storage of calls without one, such as `Job.fetch(id, { connection })`. `rq` sets it
 * when it is loaded. There is one for the whole process, so that `rq` needs no `Job` and `Group` of its own.
 * @param factory undefined removes it; calls without a storage are refused then.
 * @returns the factory that was set before.
 */
export function setStorageFactory(factory: StorageFactory | undefined): StorageFactory | undefined {
  const before = makeStorage
  makeStorage = factory
  return before
}

/**
 * {@link contextOf} for the options of one call, which may have `more` names.
 * @throws RqError also for a name that the call does not know.
 */
export function checkedContextOf(
  options: StorageOptions & StoragePlace,
  call: string,
  more: Readonly<Record<string, true>> = {},
): JobContext {
  return contextOf(checkOptionNames(options, { ...more, ...NAMES }, call, CONNECTION_HINTS))
}

/** What to give instead of the parts of a connection. */
export const CONNECTION_HINTS: Readonly<Record<string, string>> = Object.fromEntries(
  ['host', 'port', 'db', 'password', 'username', 'url', 'redis', 'client', 'status'].map((name) => [
    name,
    "the connection as a whole: { connection: 'redis://...' }, { connection: { host, port } } or { connection: client }",
  ]),
)

/**
 * The storage, serializer, codec and limits of a call.
 * @throws RqError `RQ_INVALID_OPTION` when there is no storage, no such serializer, the codec is none, or a limit is
 *   wrong; what the storage factory throws.
 */
export function contextOf(options: StorageOptions & StoragePlace = {}): JobContext {
  const { codec, limits, logger, serializer, storage = makeStorage?.(options) } = options
  if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
  return {
    storage,
    serializer: serializer === undefined ? defaultSerializer : resolveSerializer(serializer),
    codec: codec === undefined ? undefined : checkCodec(codec),
    limits: limits === undefined && logger === undefined ? undefined : new SizeLimits(checkLimits(limits), logger),
  }
}
