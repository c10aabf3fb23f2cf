import { checkName, invalidOption } from '@rq/core'

export interface RateLimitOptions {
  /** Jobs of the same key share the limit, over all queues and workers. */
  key: string
  /** Most jobs of this key queued or running at once, at least 1. */
  concurrency: number
}

/**
 * At most `concurrency` jobs of a key at a time; the others wait, oldest first.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export class RateLimit {
  readonly key: string
  readonly concurrency: number

  constructor(options: RateLimitOptions) {
    this.key = checkName(options.key, 'rateLimit.key')
    if (!Number.isInteger(options.concurrency) || options.concurrency < 1) {
      throw invalidOption('rateLimit.concurrency', options.concurrency, 'a whole number of at least 1')
    }
    this.concurrency = options.concurrency
  }
}
