import { inspect } from 'node:util'

const DEEPEST = 50

/**
 * A stored value as plain JSON, for `--json`. Values that JSON cannot hold become the nearest value that it can:
 * `undefined` and NaN are null, a BigInt is its digits, a Date an ISO 8601 string, a Map an array of pairs, a Set an
 * array, bytes are base64, an error is its name, message and stack. Circular references are cut.
 */
export function jsonValue(value: unknown, above: readonly unknown[] = []): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) ? value : null
    case 'bigint':
      return value.toString()
    case 'object':
      break
    default:
      return value === undefined ? null : String(value)
  }
  if (value === null) return null
  if (above.includes(value)) return '[circular]'
  if (above.length >= DEEPEST) return '[too deep]'
  const inside = [...above, value]
  const within = (one: unknown): unknown => jsonValue(one, inside)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Map) return [...value].map(([key, item]) => [within(key), within(item)])
  if (value instanceof Set) return [...value].map(within)
  if (value instanceof RegExp || value instanceof URL) return String(value)
  if (value instanceof Error) return { name: value.name, message: value.message, stack: value.stack ?? null }
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (Array.isArray(value)) return value.map(within)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, within(item)]))
}

/** A stored value for people. Runs no code of the value. A string at the top is shown as it is. */
export function shownValue(value: unknown, columns = 80): string {
  if (typeof value === 'string') return value
  return inspect(value, {
    depth: 8,
    maxArrayLength: 200,
    maxStringLength: 10_000,
    breakLength: columns,
    customInspect: false,
    getters: false,
    showProxy: true,
  })
}
