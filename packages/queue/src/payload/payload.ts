import { RqError } from '@rq/core'
import { type Call, DEFAULT_LIMITS, dumpCall, loadCall, type Payload, readPayload, writePayload } from '@rq/job'
import { isEncoded, type PayloadField, readEncoded, type Serializer } from '@rq/serializer'
import { inflateData, needsCodec, type Readable, Undecodable } from './payload-codec.ts'

/** Serialize a call. @throws RqError `RQ_SERIALIZATION`, with the error of the serializer as its cause. */
export function writeCall(serializer: Serializer, call: Call): Payload {
  try {
    return dumpCall(serializer, call)
  } catch (error) {
    throw refused('RQ_SERIALIZATION', `Cannot serialize the arguments of ${call.func}`, serializer, error)
  }
}

/**
 * Read a serialized call. A Python program that saves a job compresses its data, also data of our serializers.
 * @param most - bytes that it may inflate to.
 * @throws RqError `RQ_DESERIALIZATION`, with the error of the serializer as its cause; `RQ_TOO_LARGE`.
 */
export function readCall(serializer: Serializer, data: Readable, most = DEFAULT_LIMITS.inflated): Call {
  const payload = decoded(data instanceof Undecodable ? data : inflateData(data, most), 'data')
  try {
    return loadCall(serializer, payload)
  } catch (error) {
    throw refused('RQ_DESERIALIZATION', 'Cannot read the function and arguments of the job', serializer, error)
  }
}

/** Serialize a value. `what` names it in the error. @throws RqError `RQ_SERIALIZATION`. */
export function writeValue(serializer: Serializer, value: unknown, what: string): Payload {
  try {
    return writePayload(serializer, value)
  } catch (error) {
    throw refused('RQ_SERIALIZATION', `Cannot serialize ${what}`, serializer, error)
  }
}

/** Read a serialized return value, meta or message. @throws RqError `RQ_DESERIALIZATION`. */
export function readValue(serializer: Serializer, data: Readable, field: keyof typeof VALUES): unknown {
  try {
    return readPayload(serializer, decoded(data, field))
  } catch (error) {
    throw refused('RQ_DESERIALIZATION', `Cannot read ${VALUES[field]}`, serializer, error)
  }
}

const VALUES = { result: 'the return value', meta: 'meta', message: 'a message' } as const

/** @throws RqError `RQ_DESERIALIZATION` when it is not decoded: no serializer must try to read it. */
function decoded(payload: Readable, field: PayloadField): Payload {
  if (payload instanceof Undecodable) throw payload.error
  if (isEncoded(payload, field)) throw needsCodec(field, readEncoded(payload, field)?.codec)
  return payload
}

function refused(
  code: 'RQ_SERIALIZATION' | 'RQ_DESERIALIZATION',
  what: string,
  serializer: Serializer,
  error: unknown,
): RqError {
  if (error instanceof RqError) return error
  const why = error instanceof Error ? `: ${error.message}` : ''
  return new RqError(code, `${what} with the serializer "${serializer.name}"${why}`, { cause: error })
}
