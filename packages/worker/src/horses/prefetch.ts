export interface PrefetchOptions {
  /** How many milliseconds of work to prefetch. Default 5: several round trips to the store. */
  readonly aheadMs?: number
  /**
   * The most jobs to prefetch for one horse; 0 turns it off. Default 128, or the number it runs at once if that is
   * more.
   */
  readonly most?: number
}

const DEFAULT_AHEAD_MS = 5
const DEFAULT_MOST = 128
/** The weight of the newest duration. One long job among short ones stops the prefetch for the next dozen. */
const WEIGHT = 0.1

/**
 * How many jobs to assign to a horse beyond those it runs: as many as it finishes in a few milliseconds, by a moving
 * average. None before the first job has ended, and none where jobs take longer than that.
 */
export class Prefetch {
  readonly #aheadMs: number
  readonly #most: number
  readonly #slots: number
  #averageMs: number | undefined
  #depth = 0

  /** @param slots - how many jobs a horse runs at once. */
  constructor(options: PrefetchOptions = {}, slots = 1) {
    this.#aheadMs = options.aheadMs ?? DEFAULT_AHEAD_MS
    this.#most = options.most ?? Math.max(DEFAULT_MOST, slots)
    this.#slots = slots
  }

  get depth(): number {
    return this.#depth
  }

  observe(tookMs: number): void {
    const averageMs = this.#averageMs
    this.#averageMs = averageMs === undefined ? tookMs : averageMs + (tookMs - averageMs) * WEIGHT
    this.#depth = Math.min(this.#most, Math.floor((this.#aheadMs * this.#slots) / Math.max(this.#averageMs, 0.001)))
  }
}
