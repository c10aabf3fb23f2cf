import { RqError, show } from '@rq/core'
import type { Payload } from './record.ts'

/** The call that a job makes. RQ serializes it as a tuple of four, whose unused second element is left out here. */
export interface Call {
  readonly func: string
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
}

/** The part of a serializer that this package uses. */
export interface Codec {
  /** For messages. */
  readonly name?: string
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

/** Serialize a call. @throws as {@link writePayload}. */
export function dumpCall(serializer: Codec, call: Call): Payload {
  return writePayload(serializer, [call.func, null, call.args, call.kwargs])
}

/**
 * Serialize a value.
 * @throws RqError `RQ_SERIALIZATION` when the serializer returns no payload; what the serializer throws.
 */
export function writePayload(serializer: Codec, value: unknown): Payload {
  return checkPayload(serializer, serializer.dumps(value))
}

/**
 * Check what `dumps` of a serializer returned: users write serializers, too.
 * @throws RqError `RQ_SERIALIZATION` when it is no payload.
 */
export function checkPayload(serializer: Codec, dumped: unknown): Payload {
  if (typeof dumped === 'string' || dumped instanceof Uint8Array) return dumped
  const what = `dumps() of the serializer ${show(serializer.name)} returned`
  if (!(dumped instanceof Promise)) {
    const kind = dumped instanceof ArrayBuffer ? 'an ArrayBuffer' : show(dumped)
    throw new RqError('RQ_SERIALIZATION', `${what} ${kind}; expected a string or a Uint8Array.`)
  }
  // Its own error would end the process.
  dumped.catch(() => {})
  throw new RqError('RQ_SERIALIZATION', `${what} a Promise; it must be synchronous. For encryption use a codec.`)
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

/**
 * Deserialize a payload.
 * @throws RqError `RQ_DESERIALIZATION` when the serializer returns a Promise; what the serializer throws.
 */
export function readPayload(serializer: Codec, data: Payload): unknown {
  const value = load(serializer, data)
  if (!(value instanceof Promise)) return value
  value.catch(() => {})
  const what = `loads() of the serializer ${show(serializer.name)} returned a Promise`
  throw new RqError('RQ_DESERIALIZATION', `${what}; it must be synchronous. For encryption use a codec.`)
}

function load(serializer: Codec, data: Payload): unknown {
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
