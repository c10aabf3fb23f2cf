import { invalidOption } from '@rq/core'
import { jsonSerializer } from './json.ts'
import { isSerializer, type Serializer } from './serializer.ts'
import { superjsonSerializer } from './superjson.ts'

/** The serializer of a queue or worker that is given none: {@link superjsonSerializer}. */
export const defaultSerializer: Serializer = superjsonSerializer

/** A value of the option `serializer`. */
export type SerializerOption = 'json' | 'superjson' | Serializer

/**
 * The serializer that an option names or is.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export function resolveSerializer(value: SerializerOption): Serializer {
  if (value === 'superjson') return superjsonSerializer
  if (value === 'json') return jsonSerializer
  if (isSerializer(value)) return value
  throw invalidOption('serializer', value, "'superjson', 'json', or an object with a name, dumps() and loads()")
}
