/** Which queue a worker serves first: in the order given, in turns, or at random. */
export const DEQUEUE_STRATEGIES = ['default', 'round_robin', 'random'] as const

export type DequeueStrategy = (typeof DEQUEUE_STRATEGIES)[number]

/** The order in which a worker serves its queues, from claim to claim. */
export class QueueOrder {
  readonly #strategy: DequeueStrategy
  readonly #random: () => number
  #queues: readonly string[]

  constructor(queues: readonly string[], strategy: DequeueStrategy, random: () => number = Math.random) {
    this.#queues = queues
    this.#strategy = strategy
    this.#random = random
  }

  /** The queues in order of service, for the next claim. */
  next(): readonly string[] {
    if (this.#strategy === 'random') this.#queues = shuffled(this.#queues, this.#random)
    return this.#queues
  }

  /** The most jobs that one claim may ask for: 1 where the order changes after each job. */
  get mostAtOnce(): number {
    return this.#strategy === 'default' || this.#queues.length === 1 ? Number.POSITIVE_INFINITY : 1
  }

  /** Note that this queue was served. In turns, it moves to the end. */
  served(queue: string): void {
    if (this.#strategy !== 'round_robin') return
    const at = this.#queues.indexOf(queue)
    if (at !== -1) this.#queues = [...this.#queues.slice(at + 1), ...this.#queues.slice(0, at + 1)]
  }
}

function shuffled(queues: readonly string[], random: () => number): readonly string[] {
  const list = [...queues]
  for (let last = list.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1))
    const [a, b] = [list[at], list[last]]
    if (a === undefined || b === undefined) continue
    list[at] = b
    list[last] = a
  }
  return list
}
