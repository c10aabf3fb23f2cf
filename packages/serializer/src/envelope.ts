import { SuperJSON, type SuperJSONResult } from 'superjson'
import { isAnnotated } from './annotations.ts'
import { type Binary, type BinaryJson, isBinary, readBinary, writeBinary } from './binary.ts'
import { unreadable } from './json-text.ts'
import { isRecord, isUnsafeKey, setOwn } from './keys.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * Superjson's form of a value that JSON cannot hold: the JSON nearest to it, and annotations that say what its parts
 * become.
 */
export interface Envelope {
  readonly json: unknown
  readonly meta: { readonly values?: unknown; readonly v: 1 }
}

/** Whether a parsed value is an envelope: an object of exactly `json` and `meta`, whose `meta.v` is 1. */
export function isEnvelope(value: unknown): value is Envelope {
  if (!isRecord(value) || !Object.hasOwn(value, 'json') || !Object.hasOwn(value, 'meta')) return false
  const { meta } = value
  return isRecord(meta) && Object.hasOwn(meta, 'v') && meta.v === 1 && Object.keys(value).length === 2
}

/**
 * The JSON to write for a value: the value itself when it is plain, else its envelope. A plain value that could be
 * taken for an envelope gets one too. References are not shared: a value is a tree.
 */
export function seal({ value, rich }: Snapshot): unknown {
  if (!rich) return isEnvelope(value) ? { json: value, meta: { v: 1 } } : value
  const { json, meta } = codec.serialize(value)
  return { json, meta: { values: meta?.values, v: 1 } }
}

/**
 * Read the value of an envelope, whose `json` is changed in place. Anyone who can write to Redis can forge an envelope,
 * so it is checked in full first: only kinds of value that {@link seal} writes, at existing places.
 * @throws RqError `RQ_DESERIALIZATION`.
 */
export function open(envelope: Envelope): unknown {
  const { json, meta } = envelope
  if (!Object.keys(meta).every((key) => key === 'v' || key === 'values')) {
    throw unreadable('is a superjson envelope with annotations that rq does not write')
  }
  if (meta.values === undefined) return json
  if (!isAnnotated(json, meta.values)) throw unreadable('is a damaged superjson envelope')
  try {
    return codec.deserialize({ json: json as never, meta: meta as never }, { inPlace: true })
  } catch {
    // The cause would quote the data.
    throw unreadable('is a superjson envelope with a damaged value')
  }
}

/** Looks up nothing by a name from the data: no class and no symbol is registered, only the three forms below. */
const codec = new SuperJSON()

type Json = SuperJSONResult['json']

codec.registerCustom<Error, Json>(
  {
    isApplicable: (value): value is Error => value instanceof Error,
    serialize: (error) => ({ ...error }) as never,
    deserialize: toError,
  },
  'error',
)

/** Objects with keys that superjson refuses, such as `constructor`, are written as their entries. */
codec.registerCustom<object, Json>(
  {
    isApplicable: (value): value is object =>
      isRecord(value) && Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).some(isUnsafeKey),
    serialize: (object) => Object.entries(object),
    deserialize: toObject,
  },
  'entries',
)

/** Superjson would write an array of numbers, for which each byte takes up to four characters, and much time. */
codec.registerCustom<Binary, Json>(
  {
    isApplicable: isBinary,
    serialize: (binary) => writeBinary(binary) as never,
    deserialize: (json) => readBinary(json as never as BinaryJson),
  },
  'binary',
)

/** Always a plain `Error`, whatever its name: classes are not looked up. */
function toError(fields: unknown): Error {
  const { name, message, stack, ...more } = fields as Record<string, unknown>
  if (typeof name !== 'string' || typeof message !== 'string' || typeof stack !== 'string') throw new TypeError()
  const error = new Error(message)
  const own: Record<string, unknown> = { name, stack }
  for (const field of ['cause', 'errors']) if (Object.hasOwn(more, field)) own[field] = more[field]
  for (const [field, value] of Object.entries(own)) {
    Object.defineProperty(error, field, { value, writable: true, configurable: true })
  }
  return error
}

function toObject(entries: unknown): object {
  const object = {}
  for (const [key, value] of entries as [unknown, unknown][]) {
    if (typeof key !== 'string') throw new TypeError()
    setOwn(object, key, value)
  }
  return object
}
