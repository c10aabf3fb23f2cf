import { MINUTE_MS, oneLine, RqError, SECOND_MS, withinOrThrow } from '@rq/core'
import { inflatePayload, type JobRecord, type Payload } from '@rq/job'
import { type Codec, encodedText, type PayloadField, type PayloadPlace, readEncoded } from '@rq/serializer'
import { mapAtOnce } from '../map-at-once.ts'
import { DEFAULT_SIZE_LIMITS, type SizeLimits } from './size-limits.ts'

/** A stored payload that could not be decoded. Reading it throws the error. */
export class Undecodable {
  readonly error: RqError

  constructor(error: RqError) {
    this.error = error
  }
}

/** A payload for a serializer, or why there is none. */
export type Readable = Payload | Undecodable

/** What a codec encodes of a record, decoded. Without a codec the record itself. */
export interface Payloads {
  readonly data: Readable
  readonly meta?: Readable
}

/** How many payloads are with a codec at once, when there are many: it may ask a service for each. */
const MOST_AT_ONCE = 64

/** How long a codec may take for one payload: a job must not wait without end for a service that does not answer. */
const LONGEST_CALL_MS = MINUTE_MS
/** Ids in Redis may be any text. */
const LONGEST_ID = 200

const WHAT: Readonly<Record<PayloadField, string>> = {
  data: 'the function and arguments',
  result: 'the return value',
  meta: 'meta',
  error: 'the error',
  message: 'a message',
}

/** @throws RqError `RQ_SERIALIZATION`, with the error of the codec as its cause. */
export async function encodePayload(codec: Codec, payload: Payload, place: PayloadPlace): Promise<string> {
  const { name } = codec
  try {
    const bytes = await inTime(codec.encode(bytesOf(payload), place), 'encode')
    return encodedText({ codec: name, bytes }, place.field)
  } catch (cause) {
    throw failed('encode', codec, place, cause)
  }
}

/**
 * A payload that is not encoded is returned as it is, so that a codec can be given to a system that has jobs already.
 * Never rejects.
 */
export async function decodePayload(codec: Codec, payload: Payload, place: PayloadPlace): Promise<Readable> {
  const encoded = readEncoded(payload, place.field)
  if (encoded === undefined) return payload
  if (encoded.codec !== codec.name) return new Undecodable(needsCodec(place.field, encoded.codec))
  try {
    return await inTime(codec.decode(encoded.bytes, place), 'decode')
  } catch (cause) {
    return new Undecodable(failed('decode', codec, place, cause))
  }
}

/** The record of a new job as it is stored. @throws as {@link encodePayload}, and RqError `RQ_TOO_LARGE`. */
export async function encodeRecord(
  codec: Codec,
  record: JobRecord,
  limits: SizeLimits = DEFAULT_SIZE_LIMITS,
): Promise<JobRecord> {
  const { data, id: jobId, meta } = record
  const stored = { ...record, data: await encodePayload(codec, data, { jobId, field: 'data' }) }
  limits.checkStored('arguments', stored.data, jobId)
  if (meta === undefined) return stored
  stored.meta = await encodePayload(codec, meta, { jobId, field: 'meta' })
  limits.checkStored('meta', stored.meta, jobId)
  return stored
}

/** {@link encodeRecord} of many, in their order. */
export function encodeRecords(
  codec: Codec,
  records: readonly JobRecord[],
  limits?: SizeLimits | undefined,
): Promise<JobRecord[]> {
  return mapAtOnce(records, MOST_AT_ONCE, (record) => encodeRecord(codec, record, limits))
}

/**
 * The payloads of a stored record. Never rejects.
 * @param inflated - its data, where they have been inflated before.
 */
export async function decodePayloads(
  codec: Codec,
  { data, id: jobId, meta }: JobRecord,
  limits: SizeLimits = DEFAULT_SIZE_LIMITS,
  inflated?: Payload | undefined,
): Promise<Payloads> {
  const decoded = { data: await decodeData(codec, inflated ?? data, jobId, limits.limits.inflated) }
  return meta === undefined ? decoded : { ...decoded, meta: await decodePayload(codec, meta, { jobId, field: 'meta' }) }
}

async function decodeData(codec: Codec, data: Payload, jobId: string, most: number): Promise<Readable> {
  try {
    return await decodePayload(codec, inflateData(data, most), { jobId, field: 'data' })
  } catch (error) {
    return new Undecodable(error as RqError)
  }
}

/**
 * The data of a job as it was before a Python program saved the job and compressed it. This is the only place where it
 * is inflated.
 * @param most bytes that may come out.
 * @throws RqError `RQ_TOO_LARGE`.
 */
export function inflateData(data: Payload, most: number): Payload {
  return inflatePayload(data, most, 'the function and arguments of the job')
}

/** {@link decodePayloads} of many, in their order. */
export function decodeEach(
  codec: Codec,
  records: readonly JobRecord[],
  limits?: SizeLimits | undefined,
): Promise<Payloads[]> {
  return mapAtOnce(records, MOST_AT_ONCE, (record) => decodePayloads(codec, record, limits))
}

/** The error of a reader that has no codec of this name. Undefined: what has the mark of a codec is damaged. */
export function needsCodec(field: PayloadField, name: string | undefined): RqError {
  const why = name === undefined ? 'damaged' : `written with the codec "${name}". Give the queue or worker that codec`
  return new RqError('RQ_DESERIALIZATION', `Cannot read ${WHAT[field]} of the job: ${why}.`)
}

type Step = 'encode' | 'decode'

function failed(step: Step, { name }: Codec, { field, jobId }: PayloadPlace, cause: unknown): RqError {
  const what = `Cannot ${step} ${WHAT[field]} of job ${oneLine(jobId.slice(0, LONGEST_ID))} with the codec "${name}"`
  const why = cause instanceof Error ? cause.message : 'it threw no Error'
  return new RqError(step === 'encode' ? 'RQ_SERIALIZATION' : 'RQ_DESERIALIZATION', `${what}: ${why}`, { cause })
}

/** @throws TypeError when a codec returns anything else; Error when it does not answer. */
async function inTime(answer: Uint8Array | Promise<Uint8Array>, step: Step): Promise<Uint8Array> {
  const noAnswer = () => new Error(`its ${step}() did not answer within ${LONGEST_CALL_MS / SECOND_MS} s`)
  if (answer instanceof Uint8Array) return answer
  const bytes: unknown = await withinOrThrow(LONGEST_CALL_MS, Promise.resolve(answer), noAnswer)
  if (bytes instanceof Uint8Array) return bytes
  throw new TypeError(`its ${step}() returned no Uint8Array`)
}

function bytesOf(payload: Payload): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload
}
