/**
 * Whether a key has a meaning on every object. Such a key is legal in data, but is only ever set with
 * {@link setOwn}: plain assignment would change the prototype, or throw where `Object.prototype` is frozen.
 */
export function isUnsafeKey(key: string): boolean {
  return key in Object.prototype || key === '__proto__' || key === 'prototype'
}

/** Set an own property whatever its name. */
export function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/** Whether a value is an object that is not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
