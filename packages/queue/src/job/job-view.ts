import { checkKnownName, type DurationLike, durationOrUnlimitedS, durationS, invalidOption } from '@rq/core'
import {
  attemptOf,
  type Call,
  cutDescription,
  describeCall,
  descriptionOf,
  isLastAttempt,
  type JobChanges,
  type JobRecord,
  type JobStatus,
  maxAttemptsOf,
  type Payload,
} from '@rq/job'
import type { Codec } from '@rq/serializer'
import type { JobContext } from '../context.ts'
import { readCall, readValue, writeValue } from '../payload/payload.ts'
import { encodePayload, type Payloads, type Readable } from '../payload/payload-codec.ts'
import { DEFAULT_SIZE_LIMITS, type SizeLimits } from '../payload/size-limits.ts'
import { dateOf } from '../when.ts'

type ReadingContext = Pick<JobContext, 'serializer' | 'codec' | 'limits'>

/**
 * The record of a job for its user: times as `Date`, durations in seconds, function and arguments decoded when they are
 * first read. It shows the state of the last fetch or refresh.
 */
export class JobView {
  /** As it is stored: what a codec encodes is encoded. */
  #record: JobRecord
  readonly #context: ReadingContext
  #data: Readable
  #call: Call | undefined
  #meta: Record<string, unknown> | undefined
  /** Meta as the store had it when the record was read, and decoded. */
  #storedMeta: Payload | undefined
  #readableMeta: Readable | undefined
  #changes: JobChanges | undefined

  constructor(record: JobRecord, context: ReadingContext, { data, meta }: Payloads) {
    this.#record = record
    this.#context = context
    this.#data = data
    this.#storedMeta = record.meta
    this.#readableMeta = meta
  }

  get id(): string {
    return this.#record.id
  }

  /** The name of its queue; empty for a job that was created without one. */
  get origin(): string {
    return this.#record.origin
  }

  /**
   * The reference of its function.
   * @throws RqError `RQ_DESERIALIZATION` when the stored call cannot be read; `RQ_TOO_LARGE` when it was too large to
   *   be fetched.
   */
  get funcName(): string {
    return this.#decoded().func
  }

  /** @throws as {@link funcName}. */
  get args(): readonly unknown[] {
    return this.#decoded().args
  }

  /** @throws as {@link funcName}. */
  get kwargs(): Readonly<Record<string, unknown>> {
    return this.#decoded().kwargs
  }

  /** What it was given, or else its call as Python would print it; undefined if nothing shows the call. */
  get description(): string | undefined {
    return descriptionOf(this.#record) ?? this.#describedCall()
  }

  /** More than 4000 characters are cut. */
  set description(text: string) {
    if (typeof text !== 'string') throw invalidOption('description', text, 'a string')
    this.#change({ description: cutDescription(text) })
  }

  /**
   * The metadata of the job. Change it in place or replace it, then call `saveMeta()` or `save()`.
   * If it cannot be decoded or read, its stored form is in `unserialized`, as in RQ.
   * @throws RqError `RQ_TOO_LARGE` when it was too large to be fetched; it can be replaced.
   */
  get meta(): Record<string, unknown> {
    if (this.#meta === undefined) {
      this.#limits.checkFetched('meta', this.#record.leftOut?.meta, this.id)
      this.#meta = this.decodeMeta(this.#storedMeta, this.#readableMeta)
    }
    return this.#meta
  }

  set meta(meta: Record<string, unknown>) {
    if (!isRecord(meta)) throw invalidOption('meta', meta, 'a plain object')
    this.#meta = meta
  }

  /**
   * Timeout of a run in seconds; -1 = no limit; undefined for a job without one, which gets that of its queue when it
   * is enqueued.
   */
  get timeout(): number | undefined {
    return this.#record.timeoutS
  }

  set timeout(timeout: DurationLike) {
    const seconds = durationOrUnlimitedS(timeout, 'timeout')
    if (seconds === 0) throw invalidOption('timeout', timeout, 'more than 0 seconds')
    this.#change({ timeoutS: seconds })
  }

  /** Seconds that it is kept after success; -1 = without limit; undefined = the worker's default, 500. */
  get resultTtl(): number | undefined {
    return this.#record.resultTtlS
  }

  set resultTtl(ttl: DurationLike) {
    this.#change({ resultTtlS: durationOrUnlimitedS(ttl, 'resultTtl') })
  }

  /** Time limit in the queue, in seconds; undefined = no limit. */
  get ttl(): number | undefined {
    return this.#record.ttlS
  }

  set ttl(ttl: DurationLike) {
    const seconds = durationS(ttl, 'ttl')
    if (seconds === 0) throw invalidOption('ttl', ttl, 'more than 0 seconds')
    this.#change({ ttlS: seconds })
  }

  /** Seconds that it is kept after a failure; -1 = without limit; undefined = 1 year. */
  get failureTtl(): number | undefined {
    return this.#record.failureTtlS
  }

  set failureTtl(ttl: DurationLike) {
    this.#change({ failureTtlS: durationOrUnlimitedS(ttl, 'failureTtl') })
  }

  /** The worker that runs it or ran it last; `sync` when it ran in the process that enqueued it. */
  get workerName(): string | undefined {
    return this.#record.workerName
  }

  /** Its unique key: see `unique` of EnqueueOptions. It may not hold it any more. */
  get uniqueKey(): string | undefined {
    return this.#record.unique?.key
  }

  /** The name of its group. */
  get groupId(): string | undefined {
    return this.#record.groupId
  }

  /**
   * The number of the attempt that runs or comes next, from 1; of a job that has ended, of its last one. Each retry
   * adds one. A run that was given back, and a repeat, do not.
   */
  get attempt(): number {
    return attemptOf(this.#record)
  }

  /** The number of the last attempt that it can have; 1 without `retry`. A `Retry` that it returns adds one. */
  get maxAttempts(): number {
    return maxAttemptsOf(this.#record)
  }

  /** Whether it is not tried again if this attempt fails. */
  get isLastAttempt(): boolean {
    return isLastAttempt(this.#record)
  }

  /** Retries that are left: each retry of a failed or abandoned attempt takes one. Undefined without `retry`. */
  get retriesLeft(): number | undefined {
    return this.#record.retriesLeft
  }

  /** Repeats that are left: each successful run takes one. Undefined without `repeat`. */
  get repeatsLeft(): number | undefined {
    return this.#record.repeatsLeft
  }

  /** How often its function returned a `Retry`. */
  get numberOfRetries(): number | undefined {
    return this.#record.numberOfRetries
  }

  /** Ids of its dependencies. */
  get dependencyIds(): readonly string[] {
    return this.#record.dependencyIds ?? []
  }

  get createdAt(): Date {
    return new Date(this.#record.createdAtMs)
  }

  get enqueuedAt(): Date | undefined {
    return dateOf(this.#record.enqueuedAtMs)
  }

  get startedAt(): Date | undefined {
    return dateOf(this.#record.startedAtMs)
  }

  get endedAt(): Date | undefined {
    return dateOf(this.#record.endedAtMs)
  }

  get lastHeartbeat(): Date | undefined {
    return dateOf(this.#record.lastHeartbeatMs)
  }

  /** Whether `other` is a handle of the same job. */
  equals(other: unknown): boolean {
    return other instanceof JobView && other.id === this.id
  }

  /**
   * The record of the handle, with its present meta, as a store takes it. Not a copy. With a codec, meta is that of the
   * last fetch or save: {@link toStoredRecord} encodes it.
   * @throws RqError `RQ_TOO_LARGE` when its call or meta was too large to be fetched: a record without them, when
   *   stored, would lose them.
   */
  toRecord(): JobRecord {
    this.#checkComplete()
    return this.#context.codec === undefined ? this.#withMeta() : this.#record
  }

  /** Of data that are not plain JSON: a save by Python compresses them. What a codec encodes stays secret. */
  #describedCall(): string | undefined {
    if (this.#context.codec !== undefined) return undefined
    try {
      return cutDescription(describeCall(this.#decoded()))
    } catch {
      return undefined
    }
  }

  /** {@link toRecord} with its present meta. A promise only with a codec. @throws as {@link toRecord}. */
  toStoredRecord(): JobRecord | Promise<JobRecord> {
    this.#checkComplete()
    const { codec } = this.#context
    return codec === undefined ? this.#withMeta() : this.#withEncodedMeta(codec)
  }

  #withMeta(): JobRecord {
    if (!this.#hasReadMeta()) return this.#record
    if (isFilled(this.meta)) this.#record.meta = this.dumpMeta()
    else delete this.#record.meta
    return this.#record
  }

  async #withEncodedMeta(codec: Codec): Promise<JobRecord> {
    if (!this.#hasReadMeta() || !isFilled(this.meta)) return this.#withMeta()
    this.#record.meta = await encodePayload(codec, this.dumpMeta(), { jobId: this.id, field: 'meta' })
    return this.#record
  }

  /** Meta that could not be read is stored as it was. */
  #hasReadMeta(): boolean {
    const meta = this.#meta
    return meta !== undefined && (this.#record.meta === undefined || meta.unserialized !== this.#record.meta)
  }

  /** The fields for logs: no arguments, no meta. */
  toJSON(): { id: string; origin: string; status: JobStatus; description: string | undefined } {
    const { id, origin, status } = this.#record
    return { id, origin, status, description: this.description }
  }

  toString(): string {
    return `<Job ${this.id}>`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `<Job ${this.id}: ${this.#record.status}, queue ${this.origin}>`
  }

  protected get record(): JobRecord {
    return this.#record
  }

  /** Replace the record by another state of the same job. Drops what was changed here. */
  protected replace(record: JobRecord, { data, meta }: Payloads): void {
    this.#record = record
    this.#data = data
    this.#storedMeta = record.meta
    this.#readableMeta = meta
    this.#call = undefined
    this.#meta = undefined
    this.#changes = undefined
  }

  /** What was changed here and is not stored. Meta is not encoded. */
  protected unsaved(): JobChanges {
    if (this.#meta === undefined) return this.#changes ?? {}
    const meta = this.dumpMeta()
    if (this.#record.leftOut?.meta !== undefined) return { ...this.#changes, meta }
    const stored = writeValue(this.#context.serializer, this.decodeMeta(this.#storedMeta, this.#readableMeta), 'meta')
    return { ...this.#changes, ...(!isSamePayload(meta, stored) && { meta }) }
  }

  /** Note that these changes are stored. `readableMeta`: meta as the serializer wrote it. */
  protected noteSaved({ meta, ...others }: JobChanges, readableMeta: Payload | undefined): void {
    if (meta !== undefined) {
      this.#record.meta = this.#storedMeta = meta
      this.#readableMeta = readableMeta
      this.#noteFetched('meta')
    }
    const isUnsaved = ([name, value]: [string, unknown]) => others[name as keyof typeof others] !== value
    this.#changes = Object.fromEntries(Object.entries(this.#changes ?? {}).filter(isUnsaved))
  }

  protected dumpMeta(): string | Uint8Array {
    const meta = writeValue(this.#context.serializer, this.meta, 'meta')
    this.#limits.check('meta', meta, () => this.#owner)
    return meta
  }

  protected decodeMeta(stored: Payload | undefined, readable: Readable | undefined): Record<string, unknown> {
    if (stored === undefined || stored.length === 0) return {}
    try {
      const value = readValue(this.#context.serializer, readable ?? stored, 'meta')
      if (isRecord(value)) return value
    } catch {
      // Meta that cannot be read must not make the rest of the job unreadable.
    }
    return { unserialized: stored }
  }

  get #limits(): SizeLimits {
    return this.#context.limits ?? DEFAULT_SIZE_LIMITS
  }

  /** The name of its function, if it can be read. */
  get #owner(): string {
    try {
      return this.funcName
    } catch {
      return `job ${this.id}`
    }
  }

  #change(fields: JobChanges): void {
    Object.assign(this.#record, fields)
    this.#changes = { ...this.#changes, ...fields }
  }

  /** A field that was left out is known now. */
  #noteFetched(field: string): void {
    const { leftOut } = this.#record
    if (leftOut === undefined) return
    const { [field]: _, ...rest } = leftOut
    if (isFilled(rest)) this.#record.leftOut = rest
    else delete this.#record.leftOut
  }

  #checkComplete(): void {
    const { id, leftOut } = this.#record
    this.#limits.checkFetched('arguments', leftOut?.data, id)
    if (this.#meta === undefined) this.#limits.checkFetched('meta', leftOut?.meta, id)
  }

  #decoded(): Call {
    this.#limits.checkWhole(this.#record)
    this.#limits.checkFetched('arguments', this.#record.leftOut?.data, this.id)
    this.#call ??= readCall(this.#context.serializer, this.#data, this.#limits.limits.inflated)
    return this.#call
  }
}

/**
 * The id of a job that is looked up. Like RQ, it accepts `job:execution` and uses the job part (behaviour case 70).
 * @throws RqError `RQ_INVALID_OPTION` unless it is a string and not empty.
 */
export function jobIdOf(job: string | { readonly id: string }, option = 'jobId'): string {
  const id = typeof job === 'object' && job !== null ? job.id : job
  const colon = typeof id === 'string' ? id.indexOf(':') : -1
  return checkKnownName(colon > 0 ? id.slice(0, colon) : id, option)
}

function isFilled(meta: object): boolean {
  return Object.keys(meta).length > 0
}

function isSamePayload(a: Payload, b: Payload): boolean {
  return Buffer.from(a as string).equals(Buffer.from(b as string))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
