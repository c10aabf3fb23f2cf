import type { AnyFunction } from '@rq/job'
import type { Loader } from '@rq/queue/run'

/**
 * A loader that knows whether something that was loaded through it still runs, and what it threw last. A function that
 * ignores its signal goes on after its job has ended, and only this tells.
 */
export class WatchedLoader implements Loader {
  readonly #loader: Loader
  #running = 0
  #lastError: { readonly thrown: unknown } | undefined
  #onSettled: () => void = () => {}

  constructor(loader: Loader) {
    this.#loader = loader
  }

  get isBusy(): boolean {
    return this.#running > 0
  }

  get lastError(): { readonly thrown: unknown } | undefined {
    return this.#lastError
  }

  load(reference: string): Promise<AnyFunction> {
    this.#running++
    return this.#loader.load(reference).then(
      (func) => {
        this.#ended()
        return this.#watched(func)
      },
      (thrown) => this.#failed(thrown),
    )
  }

  loaded(reference: string): AnyFunction | undefined {
    const func = this.#loader.loaded?.(reference)
    return func && this.#watched(func)
  }

  #watched(func: AnyFunction): AnyFunction {
    return (...args: unknown[]) => this.#call(func, args)
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

  /** A function that returns no promise costs none: every job comes through here. */
  #call(func: AnyFunction, args: readonly unknown[]): unknown {
    this.#running++
    let returned: unknown
    try {
      returned = func(...args)
    } catch (thrown) {
      return this.#failed(thrown)
    }
    if (!isThenable(returned)) {
      this.#ended()
      return returned
    }
    const promise = Promise.resolve(returned)
    promise.then(
      () => this.#ended(),
      (thrown) => this.#note(thrown),
    )
    return promise
  }

  #ended(): void {
    this.#running--
    if (this.#running === 0) this.#onSettled()
  }

  #note(thrown: unknown): void {
    this.#lastError = { thrown }
    this.#ended()
  }

  #failed(thrown: unknown): never {
    this.#note(thrown)
    throw thrown
  }
}

/** What a function returns may be a Proxy with traps that throw. */
function isThenable(value: unknown): boolean {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
  } catch {
    return false
  }
}
