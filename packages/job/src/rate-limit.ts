import { checkOptionNames, checkRateLimitKey, invalidOption, type OptionNames } from '@rq/core'

export interface RateLimitOptions {
  /**
   * Jobs with the same key share the limit, across all queues and workers. It must not end in `:allowed` or
   * `:rate_limited`.
   */
  key: string
  /** Maximum number of jobs with this key that are queued or running at once. At least 1. */
  concurrency: number
}

const NAMES: OptionNames<RateLimitOptions> = { key: true, concurrency: true }

/**
 * Lets at most `concurrency` jobs of a key be queued or running at once. The others wait as `rate_limited`, oldest
 * first.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export class RateLimit {
  readonly key: string
  readonly concurrency: number

  constructor(options: RateLimitOptions) {
    checkOptionNames(options, NAMES, 'RateLimit')
    this.key = checkRateLimitKey(options.key, 'rateLimit.key')
    if (!Number.isInteger(options.concurrency) || options.concurrency < 1) {
      throw invalidOption('rateLimit.concurrency', options.concurrency, 'a whole number of at least 1')
    }
    this.concurrency = options.concurrency
  }
}
