import { RqError } from '@rq/core'
import {
  type Call,
  DEFAULT_LIMITS,
  dumpCall,
  inflatePayload,
  loadCall,
  type Payload,
  readPayload,
  writePayload,
} from '@rq/job'
import type { Serializer } from '@rq/serializer'

/** Serialize a call. @throws RqError `RQ_SERIALIZATION`, with the error of the serializer as its cause. */
export function writeCall(serializer: Serializer, call: Call): Payload {
  try {
    return dumpCall(serializer, call)
  } catch (error) {
    throw refused('RQ_SERIALIZATION', `Cannot serialize the arguments of ${call.func}`, serializer, error)
  }
}

/**
 * Read a serialized call. This is the only place where the data of a job is inflated. A Python program that saves a job
 * compresses its data, also data of our serializers.
 * @param most - bytes that it may inflate to.
 * @throws RqError `RQ_DESERIALIZATION`, with the error of the serializer as its cause; `RQ_TOO_LARGE`.
 */
export function readCall(serializer: Serializer, data: Payload, most = DEFAULT_LIMITS.inflated): Call {
  const inflated = inflatePayload(data, most, 'the function and arguments of the job')
  try {
    return loadCall(serializer, inflated)
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

/** Read a serialized value. `what` names it in the error. @throws RqError `RQ_DESERIALIZATION`. */
export function readValue(serializer: Serializer, data: Payload, what: string): unknown {
  try {
    return readPayload(serializer, data)
  } catch (error) {
    throw refused('RQ_DESERIALIZATION', `Cannot read ${what}`, serializer, error)
  }
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
