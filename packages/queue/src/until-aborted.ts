import { RunLimit, type RunSignal } from './run-limit.ts'

/**
 * The outcome of `run`, or a rejection with the signal's reason as soon as it fires. What `run` goes on to do then is
 * ignored; nothing it rejects with later is unhandled. Not called at all when the signal has fired before.
 */
export function untilAborted<T>(signal: RunSignal, run: () => T | PromiseLike<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal instanceof RunLimit) signal.listen(onAbort)
    else signal.addEventListener('abort', onAbort, { once: true })
    const deafen = () => {
      if (signal instanceof RunLimit) signal.listen(undefined)
      else signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown) => {
      deafen()
      reject(error)
    }
    try {
      Promise.resolve(run()).then((value) => {
        deafen()
        resolve(value)
      }, fail)
    } catch (error) {
      fail(error)
    }
  })
}

/** The longest time that a timer of Node takes; more would fire at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1
