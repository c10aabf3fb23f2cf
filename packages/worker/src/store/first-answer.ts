import { type Logger, RqError } from '@rq/core'
import { warnIfSlow } from './slow-store-warning.ts'
import { StoreRetry, storeFailures } from './store-retry.ts'

/**
 * Repeat a call until the store answers. Undefined as soon as `signal` fires: an unreachable store may never answer.
 * @throws what a retry cannot help.
 */
export async function firstAnswer<T>(
  call: () => Promise<T>,
  logger: Logger,
  signal: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  const retry = new StoreRetry({ failures: storeFailures(logger).calls, signal })
  const answered = retry.untilAnswered(() =>
    warnIfSlow(call(), logger).then((value) => ({ value }), rethrowIfRetryable),
  )
  const reply = await Promise.race([answered, fired(signal)])
  if (reply === undefined) return undefined
  if ('refusal' in reply) throw reply.refusal
  if ('error' in reply.value) throw reply.value.error
  return reply.value
}

/** Return an error that a retry cannot help. @throws any other error. */
function rethrowIfRetryable(error: unknown): { readonly error: unknown } {
  if (error instanceof RqError && error.retryable) throw error
  return { error }
}

function fired(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
