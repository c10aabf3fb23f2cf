const MB = 1024 ** 2

/** How large payloads may be, in bytes. What is larger is refused with `RQ_TOO_LARGE`. */
export interface Limits {
  /** What the compressed payload of a Python program may inflate to. */
  readonly inflated: number
}

export const DEFAULT_LIMITS: Limits = { inflated: 64 * MB }

/** The longest error text that is stored, in bytes. */
export const LONGEST_ERROR_BYTES = 64 * 1024
