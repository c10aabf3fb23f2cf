/**
 * Ends a run before its time, as an AbortController does. Its AbortSignal is made when somebody asks for it: making one and
 * listening to it costs as much as everything else about a short job.
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

  /** One listener at a time; undefined: none any more. */
  listen(listener: (() => void) | undefined): void {
    this.#listener = listener
  }
}

/** What may end a run: of a caller's own, or of a horse. */
export type RunSignal = AbortSignal | RunLimit

export function signalOf(signal: RunSignal): AbortSignal {
  return signal instanceof RunLimit ? signal.signal : signal
}
