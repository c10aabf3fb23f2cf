/** The longest that a timer of Node can run. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** A sleep that can be cut short. For one sleeper. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  #rung = false

  /** Resolves after `ms`, or when {@link ring} is called, at once if it was called since the last sleep. */
  sleep(ms: number): Promise<void> {
    if (this.#rung || ms <= 0) {
      this.#rung = false
      return Promise.resolve()
    }
    return new Promise((resolve) => {
      this.#wake = () => {
        clearTimeout(this.#timer)
        this.#wake = undefined
        this.#rung = false
        resolve()
      }
      this.#timer = setTimeout(this.#wake, Math.min(ms, LONGEST_TIMER_MS))
    })
  }

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }
}
