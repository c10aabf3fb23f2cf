import { bytesOption, checkOptionNames, type OptionTable } from '@rq/core'

const MB = 1024 ** 2

/** A number of bytes, or a string such as `'16mb'`. */
export type Bytes = number | string

/**
 * How large what is stored of a job may be. What is larger is refused with `RQ_TOO_LARGE`, where it is written and
 * where it is read. 0 = no limit.
 */
export interface LimitOptions {
  /** The call of a job, as it is stored. Default 16 MB. */
  readonly arguments?: Bytes
  /** A return value, as it is stored. Default 16 MB. */
  readonly result?: Bytes
  /** Meta, as it is stored. Default 16 MB. */
  readonly meta?: Bytes
  /** What the compressed payload of a Python program may inflate to. Default 64 MB. */
  readonly inflated?: Bytes
  /** From this size on, what is written is logged, once for each function. Default 1 MB. */
  readonly warnAt?: Bytes
}

/** Limits in bytes, checked and complete. */
export type Limits = Readonly<Record<keyof LimitOptions, number>>

/** The limits of a queue or a worker: name, check, default. */
export const LIMIT_OPTIONS = {
  arguments: bytesOption({ default: '16mb' }),
  result: bytesOption({ default: '16mb' }),
  meta: bytesOption({ default: '16mb' }),
  inflated: bytesOption({ default: '64mb' }),
  warnAt: bytesOption({ default: '1mb' }),
} satisfies OptionTable

/** @throws RqError `RQ_INVALID_OPTION` naming the limit. */
export function checkLimits(options: LimitOptions = {}): Limits {
  checkOptionNames(options, LIMIT_OPTIONS, 'limits')
  const limit = (name: keyof Limits) => {
    const rule = LIMIT_OPTIONS[name]
    return rule.check(options[name] ?? rule.default, `limits.${name}`) || Number.MAX_SAFE_INTEGER
  }
  return {
    arguments: limit('arguments'),
    result: limit('result'),
    meta: limit('meta'),
    inflated: limit('inflated'),
    warnAt: limit('warnAt'),
  }
}

export const DEFAULT_LIMITS: Limits = checkLimits()

/** How large any payload of a job may be for its reader, in bytes. */
export function largestPayload(limits: Limits): number {
  return Math.max(limits.arguments, limits.meta, limits.result)
}

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

/** The longest description, in characters. A longer one is cut. */
export const LONGEST_DESCRIPTION = 4000

/** The longest error text that is stored, in bytes. */
export const LONGEST_ERROR_BYTES = 64 * 1024

/** A description as it is stored: cut at {@link LONGEST_DESCRIPTION}, with an ellipsis. */
export function cutDescription(text: string): string {
  return text.length > LONGEST_DESCRIPTION ? `${text.slice(0, LONGEST_DESCRIPTION - 1)}…` : text
}
