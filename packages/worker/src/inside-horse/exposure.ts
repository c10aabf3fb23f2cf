import type { Leftovers } from './leftovers.ts'
import type { FromHorse } from './protocol.ts'

/** How late the worker hears of it if it is not known yet whether anything was left behind. */
const LATE_MS = 5

/**
 * Reports whether what earlier jobs left behind may run beside the running task: while the task waits, but not
 * while a function of it has been called and has not given the event loop away. If something is known to be left, the
 * worker knows before anything else can run; between short jobs a few milliseconds later, which costs them nothing.
 */
export class Exposure {
  readonly #leftovers: Leftovers
  readonly #send: (message: FromHorse) => void
  #id: string | undefined
  #isExposed = false
  #timer: NodeJS.Timeout | undefined

  constructor(leftovers: Leftovers, send: (message: FromHorse) => void) {
    this.#leftovers = leftovers
    this.#send = send
  }

  /** A task begins. */
  begin(id: string): void {
    this.#id = id
    this.#isExposed = false
    if (this.#leftovers.areKnown) queueMicrotask(this.#watch)
    else if (this.#leftovers.mayExist) this.#timer ??= setTimeout(this.#watchLate, LATE_MS).unref()
  }

  /** A function of the task is called now. */
  readonly onCall = (): void => {
    if (!this.#isExposed || this.#id === undefined) return
    this.#isExposed = false
    this.#send({ type: 'exposed', id: this.#id })
    queueMicrotask(this.#watch)
  }

  /** The task has ended. */
  end(): void {
    this.#id = undefined
  }

  /** A tick that a microtask asks for comes after all microtasks, and before all else. */
  readonly #watch = (): void => process.nextTick(this.#expose)

  readonly #watchLate = (): void => {
    this.#timer = undefined
    this.#expose()
  }

  readonly #expose = (): void => {
    if (this.#id === undefined || this.#isExposed) return
    this.#isExposed = true
    this.#send({ type: 'exposed', id: this.#id, earlierJobs: this.#leftovers.suspects() })
  }
}
