export interface PrefetchOptions {
  /** How many milliseconds of work to prefetch. Default 5: several round trips to the store. */
  readonly aheadMs?: number
  /**
   * The most jobs to prefetch for one horse; 0 turns it off. Default 512, or the number it runs at once if that is
   * more.
   */
  readonly most?: number
}

const DEFAULT_AHEAD_MS = 5
const DEFAULT_MOST = 512
/** The weight of the newest duration. One long job among short ones stops the prefetch for the next dozen. */
const WEIGHT = 0.1

/**
 * How many jobs to assign to a horse beyond those it runs: as many as it finishes in a few milliseconds, by a moving
 * average. None before the first job has ended, and none where jobs take longer than that.
 *
 * A job counts for its part of the horse only: its time, divided by how many ran at once. So it does not matter whether
 * jobs that run at once wait for something, or take turns in computing.
 */
export class Prefetch {
  readonly #options: PrefetchOptions
  #most: number
  #averageMs: number | undefined
  #depth = 0

  /** @param slots - how many jobs a horse runs at once at most. */
  constructor(options: PrefetchOptions = {}, slots = 1) {
    this.#options = options
    this.#most = mostFor(options, slots)
  }

  get depth(): number {
    return this.#depth
  }

  /** A horse runs so many jobs at once from now on. */
  resize(slots: number): void {
    this.#most = mostFor(this.#options, slots)
    this.#depth = Math.min(this.#most, this.#depth)
  }

  /** @param atOnce - how many tasks ran at once in the horse of this one. */
  observe(tookMs: number, atOnce: number): void {
    const { aheadMs = DEFAULT_AHEAD_MS } = this.#options
    const partMs = tookMs / atOnce
    const averageMs = this.#averageMs
    this.#averageMs = averageMs === undefined ? partMs : averageMs + (partMs - averageMs) * WEIGHT
    this.#depth = Math.min(this.#most, Math.floor(aheadMs / Math.max(this.#averageMs, 0.001)))
  }
}

function mostFor({ most }: PrefetchOptions, slots: number): number {
  return most ?? Math.max(DEFAULT_MOST, slots)
}
