import { RunLimit, type RunSignal } from './run-limit.ts'

/**
 * Run something until a signal fires. When it fires first, its reason is thrown; `run` is not stopped, and what it
 * rejects with later is ignored. `run` is not called when the signal has already fired.
 * @returns what `run` returns: a promise only if that is one.
 * @throws what `run` throws, or the reason of the signal; through the promise, if there is one.
 */
export function untilAborted<T>(signal: RunSignal, run: () => T | PromiseLike<T>): T | Promise<T> {
  if (signal.aborted) throw signal.reason
  const returned = run()
  if (isPromiseLike(returned)) return settledFirst(signal, returned)
  if (signal.aborted) throw signal.reason
  return returned
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  const mayHaveThen = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return mayHaveThen && 'then' in value && typeof value.then === 'function'
}

function settledFirst<T>(signal: RunSignal, promise: PromiseLike<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    const stopListening = listen(signal, () => reject(signal.reason))
    promise.then(
      (value) => {
        stopListening()
        resolve(value)
      },
      (error: unknown) => {
        stopListening()
        reject(error)
      },
    )
  })
}

/** Returns a function that stops listening. */
function listen(signal: RunSignal, onAbort: () => void): () => void {
  if (signal instanceof RunLimit) {
    signal.listen(onAbort)
    return () => signal.listen(undefined)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return () => signal.removeEventListener('abort', onAbort)
}
