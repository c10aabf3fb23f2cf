import { RunLimit, type RunSignal } from './run-limit.ts'

/**
 * Run something until a signal fires. When it fires first, rejects with its reason; `run` is not stopped, and what it
 * rejects with later is ignored. `run` is not called when the signal has already fired.
 */
export function untilAborted<T>(signal: RunSignal, run: () => T | PromiseLike<T>): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal instanceof RunLimit) signal.listen(onAbort)
    else signal.addEventListener('abort', onAbort, { once: true })
    const stopListening = () => {
      if (signal instanceof RunLimit) signal.listen(undefined)
      else signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown) => {
      stopListening()
      reject(error)
    }
    try {
      Promise.resolve(run()).then((value) => {
        stopListening()
        resolve(value)
      }, fail)
    } catch (error) {
      fail(error)
    }
  })
}
