import { LONGEST_TIMER_MS, SECOND_MS } from '@rq/core'

/** How often a wait looks without being woken, for changes by time alone: an expired job, the end of a pause. */
const LOOK_MS = SECOND_MS

export interface Wait<T> {
  /** What wakes it. */
  readonly keys: readonly string[]
  /** What it waits for; undefined while that is not there. Called inside the step that wakes it. */
  readonly look: () => T | undefined
  readonly timeoutMs: number
  readonly signals: readonly (AbortSignal | undefined)[]
}

/** Callers that wait for a change of something that has a key. */
export class Waits {
  readonly #looks = new Map<string, Set<() => void>>()

  /** Let those look who wait for this key. */
  wake(key: string): void {
    for (const look of [...(this.#looks.get(key) ?? [])]) look()
  }

  /** Resolves to what `look` finds; to undefined after `timeoutMs`, or when one of the signals fires. */
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

  #remove(key: string, look: () => void): void {
    const looks = this.#looks.get(key)
    looks?.delete(look)
    if (looks?.size === 0) this.#looks.delete(key)
  }
}
