/** Publishes messages by key to the listeners of that moment. They are called after the step that publishes. */
export class Channel<T> {
  readonly #listeners = new Map<string, Set<(message: T) => void>>()

  /** Listen to a key until the returned function is called. */
  listen(key: string, listener: (message: T) => void): () => void {
    // A new function for each call, so that the same listener can be added twice.
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
