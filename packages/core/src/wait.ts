import { setTimeout as delay } from 'node:timers/promises'

/** The longest delay that a timer of Node.js takes, in milliseconds. A longer one would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** Resolves after `ms` milliseconds, or as soon as `signal` fires. Never rejects. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(Math.min(ms, LONGEST_TIMER_MS), undefined, signal && { signal })
  } catch {
    // The signal fired.
  }
}

/**
 * Wait for `work`, but at most `ms` milliseconds. The work itself goes on; what it rejects with later is ignored.
 * @returns the value of `work`; undefined when the time is over first.
 * @throws what `work` rejects with in time.
 */
export async function within<T>(ms: number, work: PromiseLike<T>): Promise<T | undefined> {
  const outcome = await race(ms, work)
  return outcome === TIMED_OUT ? undefined : outcome
}

/**
 * Like {@link within}, but a time-out is an error.
 * @throws what `work` rejects with in time; else the error that `makeError` returns.
 */
export async function withinOrThrow<T>(ms: number, work: PromiseLike<T>, makeError: () => Error): Promise<T> {
  const outcome = await race(ms, work)
  if (outcome === TIMED_OUT) throw makeError()
  return outcome
}

const TIMED_OUT = Symbol('timed out')

async function race<T>(ms: number, work: PromiseLike<T>): Promise<T | typeof TIMED_OUT> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(resolve, Math.min(ms, LONGEST_TIMER_MS), TIMED_OUT)
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
