import { parseJson, stringify, textOf } from './json-text.ts'
import type { TextSerializer } from './serializer.ts'
import { snapshot } from './snapshot.ts'

/**
 * JSON as RQ's JSON serializer reads and writes it. Values that JSON would silently drop or change are refused:
 * `undefined` in an array, NaN, infinities, BigInt, functions, symbols, Map, Set, RegExp, Error, typed arrays.
 * As in `JSON.stringify`, `undefined` properties are left out and Date, URL and other objects with a `toJSON`
 * become what it returns. `undefined` alone, the result of a function without one, becomes `null`.
 */
export const jsonSerializer: TextSerializer = {
  name: 'json',
  readsText: true,
  /** @throws RqError `RQ_SERIALIZATION` naming the place, such as `args[0].callback`. */
  dumps(value: unknown): string {
    return value === undefined ? 'null' : stringify(snapshot(value, 'json').value)
  },
  /** @throws RqError `RQ_DESERIALIZATION`. */
  loads(data: Uint8Array | string): unknown {
    return parseJson(textOf(data))
  },
}
