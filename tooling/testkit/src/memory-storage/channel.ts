/** Listeners to messages under keys. A message reaches those who listen at that moment, after the step that sent it. */
export class Channel<T> {
  readonly #listeners = new Map<string, Set<(message: T) => void>>()

  /** Returns the function that ends it. */
  listen(key: string, listener: (message: T) => void): () => void {
    // An own function for each call, so that a listener can be there twice.
    const hear = (message: T) => listener(message)
    this.#listeners.set(key, (this.#listeners.get(key) ?? new Set()).add(hear))
    return () => {
      const listeners = this.#listeners.get(key)
      listeners?.delete(hear)
      if (listeners?.size === 0) this.#listeners.delete(key)
    }
  }

  hasListeners(key: string): boolean {
    return this.#listeners.has(key)
  }

  publish(key: string, message: T): void {
    for (const listener of this.#listeners.get(key) ?? []) {
      queueMicrotask(() => {
        if (this.#listeners.get(key)?.has(listener)) listener(message)
      })
    }
  }
}
