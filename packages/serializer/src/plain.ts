import { MAX_DEPTH } from './depth.ts'

/**
 * Whether `JSON.stringify` writes a value in full, so that `JSON.parse` gives an equal one.
 * A `false` only means that a closer look is needed. It is on the path of every job: it allocates nothing
 * and stops at the first thing that is not plain. When `lossy`, `undefined` properties (which JSON leaves out) and `-0`
 * (which it writes as `0`) are plain too. May throw what a getter or a Proxy throws.
 */
export function isPlain(value: unknown, lossy: boolean, depth = 0): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value) && (value !== 0 || lossy || 1 / value > 0)
    case 'object':
      return value === null || (depth < MAX_DEPTH && isPlainObject(value, lossy, depth + 1))
    default:
      return false
  }
}

function isPlainObject(value: object, lossy: boolean, depth: number): boolean {
  const prototype = Object.getPrototypeOf(value)
  if (prototype === Array.prototype) {
    // A Proxy or `Object.create(Array.prototype)` has the prototype without being one.
    if (!Array.isArray(value)) return false
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], lossy, depth)) return false
    return true
  }
  if (prototype !== Object.prototype && prototype !== null) return false
  // Inherited enumerable keys are visited too; that costs a closer look, never a wrong answer.
  for (const key in value) {
    const item = (value as Record<string, unknown>)[key]
    if (item === undefined ? !lossy : !isPlain(item, lossy, depth)) return false
  }
  return true
}
