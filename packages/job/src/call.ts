import { RqError } from '@rq/core'
import type { Payload } from './record.ts'

/** The call that a job makes. RQ serializes it as a tuple of four, whose unused second element is left out here. */
export interface Call {
  readonly func: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** The part of a serializer that this package uses. */
export interface Codec {
  dumps(value: unknown): Payload
  loads(data: Uint8Array): unknown
  /** True when `loads` also takes strings. */
  readonly readsText?: boolean
}

interface TextCodec extends Codec {
  readonly readsText: true
  loads(data: Uint8Array | string): unknown
}

const readsText = (codec: Codec): codec is TextCodec => codec.readsText === true

/** Serialize a call. @throws what the serializer throws. */
export function dumpCall(serializer: Codec, call: Call): Payload {
  return serializer.dumps([call.func, null, call.args, call.kwargs])
}

/**
 * Read a serialized call.
 * @throws RqError `RQ_DESERIALIZATION` when the payload is not a call; what the serializer throws.
 */
export function loadCall(serializer: Codec, data: Payload): Call {
  const value = readPayload(serializer, data)
  if (Array.isArray(value) && value.length === 4) {
    const [func, instance, args, kwargs] = value as unknown[]
    if (typeof func === 'string' && instance === null && Array.isArray(args) && isRecord(kwargs)) {
      return { func, args, kwargs }
    }
  }
  throw new RqError(
    'RQ_DESERIALIZATION',
    'The data of the job is not a call: expected [function, null, arguments, keyword arguments]. Was it written by another program or serializer?',
  )
}

/** Deserialize a payload. @throws what the serializer throws. */
export function readPayload(serializer: Codec, data: Payload): unknown {
  if (typeof data !== 'string') return serializer.loads(data)
  return readsText(serializer) ? serializer.loads(data) : serializer.loads(Buffer.from(data))
}

/** Whether a call has keyword arguments. A JavaScript function gets them as its last argument. */
export function hasKwargs(kwargs: Readonly<Record<string, unknown>>): boolean {
  for (const _ in kwargs) return true
  return false
}

/** The arguments as a JavaScript function gets them: keyword arguments, if there are any, come last. */
export function positional(call: Call): readonly unknown[] {
  return hasKwargs(call.kwargs) ? [...call.args, call.kwargs] : call.args
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
