import { setTimeout as delay } from 'node:timers/promises'

export interface EventuallyOptions {
  /** How long to go on trying. Default 20,000: a machine with too much to do is no failure. */
  timeoutMs?: number
  /** How long between two tries. Default 10. */
  intervalMs?: number
}

/**
 * Call `fn` until it neither throws nor returns `false`, and hand back what it returned: the one wait by polling that a
 * test may use.
 * @throws what `fn` threw last, as the cause of an error that says how long it was tried.
 */
export async function eventually<T>(fn: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { timeoutMs = 20_000, intervalMs = 10 } = options
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      const value = await fn()
      if (value !== false) return value
      if (performance.now() >= deadline) throw new Error('it returned false')
    } catch (cause) {
      if (performance.now() >= deadline) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`Not so within ${timeoutMs} ms: ${reason}`, { cause })
      }
    }
    await delay(intervalMs)
  }
}
