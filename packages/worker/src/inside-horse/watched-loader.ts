import { isImportFailure } from '@rq/functions'
import type { AnyFunction } from '@rq/job'
import type { Loader } from '@rq/queue/run'

/**
 * A loader that knows whether a function that was loaded through it still runs, and whether a module failed to load. A
 * function that ignores its signal goes on after its job has ended; nothing else would reveal that.
 */
export class WatchedLoader implements Loader {
  readonly #loader: Loader
  readonly #onCall: (() => void) | undefined
  #running = 0
  #hasFailedImport = false
  #onSettled: () => void = () => {}

  /** @param onCall - called before each function is. */
  constructor(loader: Loader, onCall?: () => void) {
    this.#loader = loader
    this.#onCall = onCall
  }

  get isBusy(): boolean {
    return this.#running > 0
  }

  /** Whether a module failed while it was imported, which Node.js keeps for the life of the process or thread. */
  get hasFailedImport(): boolean {
    return this.#hasFailedImport
  }

  load(reference: string): Promise<AnyFunction> {
    this.#running++
    return this.#loader.load(reference).then(
      (func) => {
        this.#ended()
        return this.#watched(func)
      },
      (thrown) => {
        this.#failed(thrown)
        throw thrown
      },
    )
  }

  loaded(reference: string): AnyFunction | undefined {
    const func = this.#loader.loaded?.(reference)
    return func && this.#watched(func)
  }

  /** Resolves when nothing runs any more, or after `mostMs`. */
  async settled(mostMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mostMs)
      this.#onSettled = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #watched(func: AnyFunction): AnyFunction {
    return (...args: unknown[]) => this.#call(func, args)
  }

  /** Makes no promise for a function that returns none: every job passes here. */
  #call(func: AnyFunction, args: readonly unknown[]): unknown {
    this.#running++
    this.#onCall?.()
    let returned: unknown
    try {
      returned = func(...args)
    } catch (thrown) {
      this.#ended()
      throw thrown
    }
    if (!isThenable(returned)) {
      this.#ended()
      return returned
    }
    const promise = Promise.resolve(returned)
    promise.then(
      () => this.#ended(),
      (thrown) => this.#failed(thrown),
    )
    return promise
  }

  #failed(thrown: unknown): void {
    this.#hasFailedImport ||= isImportFailure(thrown)
    this.#ended()
  }

  #ended(): void {
    this.#running--
    if (this.#running === 0) this.#onSettled()
  }
}

/** A function may return a Proxy whose traps throw. */
function isThenable(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  } catch {
    return false
  }
}
