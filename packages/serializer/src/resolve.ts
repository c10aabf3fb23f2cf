import { invalidOption } from '@rq/core'
import { jsonSerializer } from './json.ts'
import { isSerializer, type Serializer } from './serializer.ts'
import { superjsonSerializer } from './superjson.ts'

/** What a queue or worker uses when it is given none: {@link superjsonSerializer}. */
export const defaultSerializer: Serializer = superjsonSerializer

/** What the option `serializer` takes. */
export type SerializerOption = 'json' | 'superjson' | Serializer

/**
 * The serializer meant by an option: a built-in one by name, or the given one.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export function resolveSerializer(value: SerializerOption): Serializer {
  if (value === 'superjson') return superjsonSerializer
  if (value === 'json') return jsonSerializer
  if (isSerializer(value)) return value
  throw invalidOption('serializer', value, "'superjson', 'json', or an object with a name, dumps() and loads()")
}
