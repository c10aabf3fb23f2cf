import { checkOptionNames, type DurationLike, invalidOption, type OptionNames } from '@rq/core'
import { intervalList } from './retry.ts'

export interface RepeatOptions {
  /** Number of runs after the first one. At least 1. */
  times: number
  /** Wait before each repeat. A list is used in order, and its last entry is reused. Default 0: repeat at once. */
  interval?: DurationLike | readonly DurationLike[]
}

const NAMES: OptionNames<RepeatOptions> = { times: true, interval: true }

/**
 * Runs a job again after each success, `times` times.
 * Intervals are used in the order given, as RQ's documentation says; RQ's code takes them from the end.
 * @throws RqError `RQ_INVALID_OPTION` for `times` below 1 or an interval that is not a duration.
 */
export class Repeat {
  readonly times: number
  readonly intervalsS: readonly number[]

  constructor(options: RepeatOptions) {
    checkOptionNames(options, NAMES, 'Repeat')
    if (!Number.isInteger(options.times) || options.times < 1) {
      throw invalidOption('repeat.times', options.times, 'a whole number of at least 1')
    }
    this.times = options.times
    this.intervalsS = intervalList(options.interval ?? 0, 'repeat.interval')
  }
}
