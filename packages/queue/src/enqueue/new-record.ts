import { invalidOption, newId } from '@rq/core'
import {
  type Call,
  type CheckedOptions,
  checkOptions,
  cutDescription,
  describeCall,
  describeFunction,
  describesItself,
  type EnqueueOptions,
  hasKwargs,
  type JobRecord,
  type Payload,
  type ResultDialect,
} from '@rq/job'
import type { Codec, Serializer } from '@rq/serializer'
import { writeCall, writeValue } from '../payload/payload.ts'
import { DEFAULT_SIZE_LIMITS, type SizeLimits } from '../payload/size-limits.ts'
import type { CallNames } from './call-names.ts'
import { uniqueRecord } from './unique-key.ts'

/** The part of a record that comes from its queue. */
export interface RecordDefaults {
  readonly origin: string
  readonly serializer: Serializer
  /** What it will be encoded with. */
  readonly codec?: Codec | undefined
  /** Default: the default limits. */
  readonly limits?: SizeLimits | undefined
  readonly results: ResultDialect
  /** Default timeout in seconds. Absent: the record gets none until it is enqueued. */
  readonly timeoutS?: number
}

const NO_ARGS: readonly unknown[] = Object.freeze([])

/**
 * The arguments of a call in what follows its function: one array, then options. Undefined means none.
 * @throws RqError `RQ_INVALID_OPTION` when they are not an array, or more follows the options.
 */
export function checkRest(rest: readonly unknown[]): readonly unknown[] {
  const [args] = rest
  if (rest.length > 2) {
    const given = `${rest.length} values after the function`
    throw invalidOption('args', given, 'the arguments of the function in one array, then options')
  }
  if (args === undefined) return NO_ARGS
  if (Array.isArray(args)) return args
  throw invalidOption('args', args, 'an array with the arguments of the function')
}

/** Check the options of a job that is made now and enqueued later. @throws RqError `RQ_INVALID_OPTION`. */
export function checkCreateOptions(options: EnqueueOptions | undefined): CheckedOptions {
  const checked = checkOptions(options)
  if (typeof checked.unique === 'object') {
    throw invalidOption('unique', options?.unique, 'no key here: a job takes its key when queue.enqueue enqueues it')
  }
  return checked
}

/**
 * Make the record of a new job, with the status `created`. Encodes and stores nothing. With a codec, the default
 * description leaves out the arguments; without, there is none where the data show it.
 * @throws RqError `RQ_SERIALIZATION` when the arguments or meta cannot be serialized, `RQ_TOO_LARGE`.
 */
export function newRecord(
  names: CallNames,
  args: readonly unknown[],
  options: CheckedOptions,
  defaults: RecordDefaults,
  id = options.id ?? newId(),
): JobRecord {
  const call = { func: names.func, args, kwargs: options.kwargs }
  const { limits = DEFAULT_SIZE_LIMITS } = defaults
  const owner = () => call.func
  const record: JobRecord = {
    id,
    origin: defaults.origin,
    status: 'created',
    data: writeCall(defaults.serializer, call),
    createdAtMs: creationMs(),
    results: defaults.results,
  }
  limits.check('arguments', record.data, owner)
  const description = options.description ?? defaultDescription(call, record.data, defaults)
  if (description !== undefined) record.description = cutDescription(description)
  const timeoutS = options.timeoutS ?? defaults.timeoutS
  if (timeoutS !== undefined) record.timeoutS = timeoutS
  if (options.resultTtlS !== undefined) record.resultTtlS = options.resultTtlS
  if (options.ttlS !== undefined) record.ttlS = options.ttlS
  if (options.failureTtlS !== undefined) record.failureTtlS = options.failureTtlS
  if (options.meta !== undefined && hasKwargs(options.meta)) {
    record.meta = writeValue(defaults.serializer, options.meta, 'meta')
    limits.check('meta', record.meta, owner)
  }
  if (names.onSuccess !== undefined) record.onSuccess = names.onSuccess
  if (names.onFailure !== undefined) record.onFailure = names.onFailure
  if (names.onStopped !== undefined) record.onStopped = names.onStopped
  if (names.retryOn !== undefined) record.retryOn = names.retryOn
  addRules(record, options)
  if (typeof options.unique === 'object') {
    record.unique = uniqueRecord(options.unique, record, args, defaults.codec !== undefined)
  }
  return record
}

/** Programs in Python do not look into the data: where they read the results, they get the description as well. */
function defaultDescription(call: Call, data: Payload, { codec, results }: RecordDefaults): string | undefined {
  if (codec !== undefined) return describeFunction(call.func)
  return results === 'hash' && describesItself(data) ? undefined : describeCall(call)
}

/** In whole microseconds: 0.001 ms cannot be added exactly, and two times in a row could be written alike. */
let lastCreatedUs = 0

/**
 * The present time, with microseconds that count up within a millisecond from a random start. A repeated enqueue is
 * recognized by the id and this time of its job, so two jobs of one process never have the same time, and two of
 * different ones hardly ever.
 */
function creationMs(): number {
  const nowUs = Date.now() * 1000
  lastCreatedUs = nowUs > lastCreatedUs ? nowUs + Math.floor(Math.random() * 500) : lastCreatedUs + 1
  return lastCreatedUs / 1000
}

function addRules(record: JobRecord, options: CheckedOptions): void {
  const { dependency, retry, repeat, rateLimit, webhooks } = options
  if (dependency !== undefined) {
    record.dependencyIds = dependency.jobIds
    record.allowDependencyFailures = dependency.allowFailure
    if (dependency.enqueueAtFront) record.enqueueAtFront = true
  }
  if (retry !== undefined) {
    record.retriesLeft = retry.max
    record.retryMax = retry.max
    record.retryIntervalsS = retry.intervalsS
    if (retry.enqueueAtFront) record.enqueueAtFrontOnRetry = true
  }
  if (repeat !== undefined) {
    record.repeatsLeft = repeat.times
    record.repeatIntervalsS = repeat.intervalsS
  }
  if (rateLimit !== undefined) record.rateLimit = { key: rateLimit.key, concurrency: rateLimit.concurrency }
  if (webhooks !== undefined && webhooks.length > 0) record.webhooks = webhooks.map((webhook) => webhook.toRecord())
}
