import { type Logger, RqError } from '@rq/core'

/**
 * Make the first call of a service to Redis. While Redis cannot be reached, log that and go on, since the service waits
 * for it: a machine may start both at the same time. A later attempt cannot help with other errors, such as wrong
 * credentials.
 * @returns undefined when Redis could not be reached.
 * @throws all other errors of `call`.
 */
export async function firstCall<T>(call: () => Promise<T>, logger: Logger): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof RqError) || !error.retryable) throw error
    logger.warn(`Waiting for Redis. ${error.message}`)
    return undefined
  }
}
