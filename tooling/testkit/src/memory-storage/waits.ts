import { LONGEST_TIMER_MS, SECOND_MS } from '@rq/core'

/** How often a wait looks without being woken, for changes by time alone: an expired job, the end of a pause. */
const LOOK_MS = SECOND_MS

export interface Wait<T> {
  /** The keys whose changes wake it. */
  readonly keys: readonly string[]
  /** Returns what the caller waits for; undefined while there is none. Called inside the step that wakes it. */
  readonly look: () => T | undefined
  readonly timeoutMs: number
  readonly signals: readonly (AbortSignal | undefined)[]
}

/** Lets callers wait for changes, by key. */
export class Waits {
  readonly #looks = new Map<string, Set<() => void>>()

  /** Let the callers that wait for this key look again. */
  wake(key: string): void {
    for (const look of [...(this.#looks.get(key) ?? [])]) look()
  }

  /** Resolves to what `look` returns; to undefined after `timeoutMs`, or when one of the signals fires. */
  until<T>({ keys, look, timeoutMs, signals }: Wait<T>): Promise<T | undefined> {
    const found = look()
    if (found !== undefined || timeoutMs <= 0 || signals.some((signal) => signal?.aborted)) {
      return Promise.resolve(found)
    }
    return new Promise((resolve) => {
      const end = (value?: T): void => {
        clearTimeout(timer)
        clearInterval(looking)
        for (const signal of signals) signal?.removeEventListener('abort', leave)
        for (const key of keys) this.#remove(key, lookAgain)
        resolve(value)
      }
      const leave = () => end()
      const lookAgain = (): void => {
        const value = look()
        if (value !== undefined) end(value)
      }
      const timer = setTimeout(leave, Math.min(timeoutMs, LONGEST_TIMER_MS))
      const looking = setInterval(lookAgain, LOOK_MS)
      for (const signal of signals) signal?.addEventListener('abort', leave)
      for (const key of keys) this.#looks.set(key, (this.#looks.get(key) ?? new Set()).add(lookAgain))
    })
  }

  /** Call `look` at each wake of a key, until the function that this returns is called. */
  watch(key: string, look: () => void): () => void {
    this.#looks.set(key, (this.#looks.get(key) ?? new Set()).add(look))
    return () => this.#remove(key, look)
  }

  #remove(key: string, look: () => void): void {
    const looks = this.#looks.get(key)
    looks?.delete(look)
    if (looks?.size === 0) this.#looks.delete(key)
  }
}
