/**
 * How a value becomes bytes in Redis and back. Nothing stored says which serializer wrote it,
 * so every producer and worker of a queue must use the same one.
 */
export interface Serializer {
  /** What the command line and messages call it. */
  readonly name: string
  /** @throws when the value cannot be written; nothing has been stored then. */
  dumps(value: unknown): string | Uint8Array
  /** @throws when the bytes cannot be read. They may come from anyone who can write to Redis. */
  loads(data: Uint8Array): unknown
  /** True when `loads` takes text as well, as a {@link TextSerializer} does, which spares a detour through bytes. */
  readonly readsText?: boolean
}

/** A serializer that writes text, and reads text without a detour through bytes. */
export interface TextSerializer extends Serializer {
  readonly readsText: true
  dumps(value: unknown): string
  loads(data: Uint8Array | string): unknown
}

/** Whether a value is a {@link Serializer}: an object with a name, `dumps` and `loads`. Never throws. */
export function isSerializer(value: unknown): value is Serializer {
  try {
    if (typeof value !== 'object' || value === null) return false
    const { name, dumps, loads } = value as Partial<Serializer>
    return typeof name === 'string' && name !== '' && typeof dumps === 'function' && typeof loads === 'function'
  } catch {
    return false
  }
}
