import type { Step } from './next-step.ts'

/** The rest of a loop between two steps. An end that comes while the loop is at work ends the next rest. */
export class LoopRest {
  #step: Step | undefined
  #wake: () => void = () => {}
  #isOver = false

  /** The step that the loop rests in. Undefined when it does not rest, or any change ends the rest. */
  get step(): Step | undefined {
    return this.#step
  }

  /** The loop looks again at what there is to do. */
  begin(): void {
    this.#isOver = false
  }

  /** Rest until {@link end}, if that has not come since {@link begin}. */
  async take(step?: Step): Promise<void> {
    if (this.#isOver) return
    this.#step = step
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#step = undefined
    this.#wake = () => {}
  }

  end(): void {
    this.#isOver = true
    this.#wake()
  }
}
