import type { Worker, WorkerEvents } from '../src/index.ts'

/**
 * Let a worker work until the end of the scope, which stops it and waits for its end: `await using _ =
 * running(worker)`.
 */
export function running(worker: Worker): AsyncDisposable {
  const ended = worker.work()
  return {
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await ended
    },
  }
}

/** The next event of this name. */
export function nextEvent<K extends keyof WorkerEvents>(worker: Worker, name: K): Promise<WorkerEvents[K][0]> {
  return new Promise((resolve) => worker.once(name, (...[event]) => resolve(event)))
}
