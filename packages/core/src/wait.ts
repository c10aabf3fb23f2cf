/** The longest delay that a timer of Node.js can have, in milliseconds. A timer with a longer one fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Call `run` once after `ms` milliseconds, which may be any number, also infinite: what is too long for a timer of
 * Node.js is waited for in equal parts. Clear the timer with `clearTimeout`.
 */
export function startTimer(ms: number, run: () => void): NodeJS.Timeout {
  // Not `node:timers/promises`: fake timers of a test cannot replace it.
  if (ms <= LONGEST_TIMER_MS) return setTimeout(run, ms)
  let parts = Math.ceil(ms / LONGEST_TIMER_MS)
  const part = Number.isFinite(ms) ? Math.ceil(ms / parts) : LONGEST_TIMER_MS
  const timer = setTimeout(() => {
    parts -= 1
    if (parts > 0) timer.refresh()
    else run()
  }, part)
  return timer
}

/** Resolves after `ms` milliseconds, or as soon as `signal` fires. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = startTimer(ms, end)
    signal?.addEventListener('abort', end)
  })
}

/**
 * Wait for `work`, but at most `ms` milliseconds. The wait keeps the process alive. The work itself goes on after a
 * time-out, and an error that it rejects with then is ignored.
 * @returns the value of `work`; undefined when the time is over first.
 * @throws the error that `work` rejects with in time.
 */
export async function within<T>(ms: number, work: PromiseLike<T>): Promise<T | undefined> {
  const outcome = await race(ms, work)
  return outcome === TIMED_OUT ? undefined : outcome
}

/**
 * Like {@link within}, but a time-out is an error.
 * @throws the error that `work` rejects with in time, or the one that `makeError` returns.
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
    timer = startTimer(ms, () => resolve(TIMED_OUT))
  })
  try {
    return await Promise.race([work, timeout])
  } finally {
    clearTimeout(timer)
  }
}
