/**
 * Read a whole number that another program may have written. Undefined if it is none, or one that has more digits than
 * a number holds.
 */
export function readInteger(text: Buffer | string | undefined): number | undefined {
  const digits = String(text)
  return /^-?\d{1,15}$/.test(digits) ? Number(digits) : undefined
}

/** Read a number that another program may have written. Undefined if it is none, or has no end. */
export function readNumber(text: string | undefined): number | undefined {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : undefined
}

/** Whether a value of JSON is a number with an end: `1e400` is one without. */
export function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
