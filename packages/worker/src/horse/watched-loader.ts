import type { AnyFunction } from '@rq/job'
import type { Loader } from '@rq/queue'

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

  async load(reference: string): Promise<AnyFunction> {
    const func = await this.#watch(() => this.#loader.load(reference))
    return (...args: unknown[]) => this.#watch(() => func(...args))
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

  async #watch<T>(run: () => T | Promise<T>): Promise<T> {
    this.#running++
    try {
      return await run()
    } catch (thrown) {
      this.#lastError = { thrown }
      throw thrown
    } finally {
      this.#running--
      if (this.#running === 0) this.#onSettled()
    }
  }
}
