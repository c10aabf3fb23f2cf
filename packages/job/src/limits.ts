const MB = 1024 ** 2

/** How large payloads may be, in bytes. What is larger is refused with `RQ_TOO_LARGE`. */
export interface Limits {
  /** What the compressed payload of a Python program may inflate to. */
  readonly inflated: number
}

export const DEFAULT_LIMITS: Limits = { inflated: 64 * MB }

/** The most webhooks of one job. */
export const MOST_WEBHOOKS = 32

/** The longest webhook, in characters as it is stored. */
export const LONGEST_WEBHOOK = 16 * 1024

/** The most intervals of one retry or repeat. */
export const MOST_INTERVALS = 1000

/** The most jobs that one job waits for. */
export const MOST_DEPENDENCIES = 100_000

/** The longest list of the jobs that one job waits for, in characters as it is stored. */
export const LONGEST_DEPENDENCIES = 4 * MB

/** The longest error text that is stored, in bytes. */
export const LONGEST_ERROR_BYTES = 64 * 1024
