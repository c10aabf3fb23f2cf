import { RqError } from '@rq/core'
import type { Payload } from './record.ts'

/** What a job calls: the four-element tuple that RQ serializes, without the unused instance. */
export interface Call {
  readonly func: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** The part of a serializer that a job needs. */
export interface Codec {
  dumps(value: unknown): Payload
  loads(data: Uint8Array): unknown
  /** True when `loads` takes text as well. */
  readonly readsText?: boolean
}

interface TextCodec extends Codec {
  readonly readsText: true
  loads(data: Uint8Array | string): unknown
}

const readsText = (codec: Codec): codec is TextCodec => codec.readsText === true

export function dumpCall(serializer: Codec, call: Call): Payload {
  return serializer.dumps([call.func, null, call.args, call.kwargs])
}

/** @throws RqError `RQ_DESERIALIZATION` when the bytes do not hold a call. */
export function loadCall(serializer: Codec, data: Payload): Call {
  const value = readPayload(serializer, data)
  if (Array.isArray(value) && value.length === 4) {
    const [func, instance, args, kwargs] = value as unknown[]
    if (typeof func === 'string' && instance === null && Array.isArray(args) && isPlainObject(kwargs)) {
      return { func, args, kwargs }
    }
  }
  throw new RqError(
    'RQ_DESERIALIZATION',
    'The job does not hold a call: expected [function, null, arguments, keyword arguments]. Was it written by another program or serializer?',
  )
}

/** What a serializer makes of a payload. @throws what the serializer throws. */
export function readPayload(serializer: Codec, data: Payload): unknown {
  if (typeof data !== 'string') return serializer.loads(data)
  return readsText(serializer) ? serializer.loads(data) : serializer.loads(Buffer.from(data))
}

/** True when a call has keyword arguments; on a JavaScript function they arrive as the last argument. */
export function hasKwargs(kwargs: Readonly<Record<string, unknown>>): boolean {
  for (const _ in kwargs) return true
  return false
}

/** The arguments as a JavaScript function receives them. */
export function positional(call: Call): readonly unknown[] {
  return hasKwargs(call.kwargs) ? [...call.args, call.kwargs] : call.args
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
