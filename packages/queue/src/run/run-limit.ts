/**
 * Ends a run early, as an AbortController does. Its AbortSignal is made on first use: making one and listening to it
 * costs as much as all the rest of a short job.
 */
export class RunLimit {
  #controller: AbortController | undefined
  #listener: (() => void) | undefined
  #aborted = false
  #reason: unknown

  get aborted(): boolean {
    return this.#aborted
  }

  get reason(): unknown {
    return this.#reason
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** The first reason counts. */
  abort(reason: unknown): void {
    if (this.#aborted) return
    this.#aborted = true
    this.#reason = reason
    this.#controller?.abort(reason)
    this.#listener?.()
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason
  }

  /** Set the only listener; undefined removes it. */
  listen(listener: (() => void) | undefined): void {
    this.#listener = listener
  }
}

/** The signal that ends a run: a caller's own, or that of a horse. */
export type RunSignal = AbortSignal | RunLimit

export function signalOf(signal: RunSignal): AbortSignal {
  return signal instanceof RunLimit ? signal.signal : signal
}
