/** Pseudo-random numbers, the same ones for the same seed. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(least: number, most: number): number {
    return least + this.next() * (most - least)
  }

  /** One item of the list, weighted by its share. */
  pick<T>(list: readonly T[], shareOf: (item: T) => number = () => 1): T {
    let at = this.next() * list.reduce((sum, item) => sum + shareOf(item), 0)
    for (const item of list) {
      at -= shareOf(item)
      if (at < 0) return item
    }
    const last = list.at(-1)
    if (last === undefined) throw new Error('Nothing to pick from.')
    return last
  }
}
