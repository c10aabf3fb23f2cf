import { isEnvelope, open, seal } from './envelope.ts'
import { parseJson, stringify, textOf } from './json-text.ts'
import type { TextSerializer } from './serializer.ts'
import { snapshot } from './snapshot.ts'

/** `undefined`, the result of every function that returns nothing: worth a shortcut. */
const UNDEFINED = '{"json":null,"meta":{"values":["undefined"],"v":1}}'

/**
 * JSON that also keeps Date, Map, Set, BigInt, RegExp, URL, Error, Buffer, typed arrays, `undefined`, `-0`, NaN and
 * infinities.
 * - A value without any of these is written as plain JSON, which Python reads as it is.
 * - Any other is written as superjson's envelope, `{"json":...,"meta":{"values":...,"v":1}}`; so is a plain value
 *   that could be taken for an envelope.
 * - Class instances arrive as plain objects, errors as `Error` with their name, message, stack and cause.
 *   A reference used twice arrives as two copies.
 */
export const superjsonSerializer: TextSerializer = {
  name: 'superjson',
  readsText: true,
  /** @throws RqError `RQ_SERIALIZATION` naming the place, such as `args[0].callback`. */
  dumps(value: unknown): string {
    if (value === undefined) return UNDEFINED
    return stringify(seal(snapshot(value, 'rich')))
  },
  /** @throws RqError `RQ_DESERIALIZATION`. */
  loads(data: Uint8Array | string): unknown {
    const text = textOf(data)
    if (text === UNDEFINED) return undefined
    const value = parseJson(text)
    return isEnvelope(value) ? open(value) : value
  },
}
