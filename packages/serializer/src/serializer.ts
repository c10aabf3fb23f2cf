/**
 * How a value becomes bytes in Redis and back. Nothing stored says which serializer wrote it,
 * so every producer and worker of a queue must use the same one.
 */
export interface Serializer {
  /** Its name in messages, and for the built-in ones on the command line. */
  readonly name: string
  /** @throws when the value cannot be written; then nothing has been stored. */
  dumps(value: unknown): string | Uint8Array
  /** @throws when the bytes cannot be read. They may come from anyone who can write to Redis. */
  loads(data: Uint8Array): unknown
  /**
   * Whether `loads` takes a string as well, as that of a {@link TextSerializer} does, which saves a conversion to
   * bytes.
   */
  readonly readsText?: boolean
}

/** A serializer that writes strings, and reads them without a conversion to bytes. */
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
