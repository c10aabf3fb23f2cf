/** How long to gather settlements while the horses have enough to do. */
const GATHER_MS = 2

/** The time in which settlements are gathered for one call. */
export class Gathering {
  readonly #onOver: () => void
  #timer: NodeJS.Timeout | undefined

  constructor(onOver: () => void) {
    this.#onOver = onOver
  }

  /** Does nothing while it is under way. */
  begin(): void {
    this.#timer ??= setTimeout(this.#onOver, GATHER_MS)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
