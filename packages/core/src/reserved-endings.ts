import { invalidOption } from './errors.ts'
import { checkName } from './ids.ts'

/**
 * Endings of keys that are made from a name in RQ's format: `rq:queue:<name>` and `rq:queue:<name>:intermediate`. A
 * name that ends so would share a key with another name.
 */
export const RESERVED_ENDINGS = {
  queue: [':intermediate'],
  worker: [':executions'],
  rateLimit: [':allowed', ':rate_limited'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** Check the name of a queue. @throws RqError `RQ_INVALID_OPTION` naming `option`. */
export function checkQueueName(value: unknown, option: string): string {
  return withoutEnding(checkName(value, option), option, RESERVED_ENDINGS.queue)
}

/** Check the name of a worker. @throws RqError `RQ_INVALID_OPTION` naming `option`. */
export function checkWorkerName(value: unknown, option: string): string {
  return withoutEnding(checkName(value, option), option, RESERVED_ENDINGS.worker)
}

/** Check the key of a rate limit. @throws RqError `RQ_INVALID_OPTION` naming `option`. */
export function checkRateLimitKey(value: unknown, option: string): string {
  return withoutEnding(checkName(value, option), option, RESERVED_ENDINGS.rateLimit)
}

function withoutEnding(name: string, option: string, endings: readonly string[]): string {
  const ending = endings.find((one) => name.endsWith(one))
  if (ending === undefined) return name
  throw invalidOption(option, name, `a name that does not end in "${ending}", which RQ uses for keys of its own`)
}
