import { invalidOption } from '@rq/core'

/**
 * Which queues of a worker are paused: a state of the worker's process, so a worker that is started again is not
 * paused.
 */
export class PausedQueues {
  readonly #queues: readonly string[]
  readonly #paused = new Set<string>()
  readonly #listeners = new Set<() => void>()

  /** @param queues - all queues of the worker. */
  constructor(queues: readonly string[]) {
    this.#queues = queues
  }

  get isEmpty(): boolean {
    return this.#paused.size === 0
  }

  /** Their names, in the order of the worker's queues. */
  get names(): readonly string[] {
    return this.#queues.filter((queue) => this.#paused.has(queue))
  }

  has(queue: string): boolean {
    return this.#paused.has(queue)
  }

  /** Pause a queue, by default all. @throws RqError `RQ_INVALID_OPTION` for a queue that the worker does not serve. */
  pause(queue?: string): void {
    this.#change(queue, (one) => !this.#paused.has(one) && this.#paused.add(one))
  }

  /** Resume a queue, by default all. @throws as {@link pause}. */
  resume(queue?: string): void {
    this.#change(queue, (one) => this.#paused.delete(one))
  }

  /** Call `listener` after each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #change(queue: string | undefined, change: (queue: string) => unknown): void {
    const queues = queue === undefined ? this.#queues : [this.#known(queue)]
    if (queues.filter(change).length === 0) return
    for (const listener of [...this.#listeners]) listener()
  }

  #known(queue: string): string {
    if (this.#queues.includes(queue)) return queue
    throw invalidOption('queue', queue, `a queue of this worker: ${this.#queues.join(', ')}`)
  }
}
