import { checkOptionNames, invalidOption, type OptionNames } from '@rq/core'
import type { QueueConfiguration } from '@rq/job'

const CONFIGURATION_NAMES: OptionNames<QueueConfiguration> = { keepFinished: true, keepFailed: true }

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkConfiguration(changes: Partial<QueueConfiguration>): Partial<QueueConfiguration> {
  const { keepFailed, keepFinished } = checkOptionNames(changes, CONFIGURATION_NAMES, 'queue.configure')
  checkLimit(keepFinished, 'keepFinished')
  checkLimit(keepFailed, 'keepFailed')
  return changes
}

function checkLimit(limit: unknown, option: string): void {
  if (limit === undefined || limit === null) return
  if (Number.isSafeInteger(limit) && (limit as number) >= 0) return
  throw invalidOption(option, limit, 'a whole number of jobs, 0 to keep none, or null for no limit')
}
