export interface PrefetchOptions {
  /** Milliseconds of work to keep handed over ahead. Default 5: several round trips to the store. */
  readonly aheadMs?: number
  /** Jobs handed over ahead to one horse at most; 0 turns it off. Default 128, or as many as it runs at once if that is more. */
  readonly most?: number
}

const DEFAULT_AHEAD_MS = 5
const DEFAULT_MOST = 128
/** Weight of the newest duration. One long job among short ones stops handing ahead for the next dozen. */
const WEIGHT = 0.1

/**
 * How many jobs to hand to a horse ahead of the one it runs: as many as are done in a few milliseconds, going by a
 * moving average. None before the first has ended, and none where jobs take longer than that.
 */
export class Prefetch {
  readonly #aheadMs: number
  readonly #most: number
  readonly #lanes: number
  #averageMs: number | undefined
  #depth = 0

  /** `lanes`: how many jobs a horse runs at once. */
  constructor(options: PrefetchOptions = {}, lanes = 1) {
    this.#aheadMs = options.aheadMs ?? DEFAULT_AHEAD_MS
    this.#most = options.most ?? Math.max(DEFAULT_MOST, lanes)
    this.#lanes = lanes
  }

  get depth(): number {
    return this.#depth
  }

  observe(tookMs: number): void {
    const averageMs = this.#averageMs
    this.#averageMs = averageMs === undefined ? tookMs : averageMs + (tookMs - averageMs) * WEIGHT
    this.#depth = Math.min(this.#most, Math.floor((this.#aheadMs * this.#lanes) / Math.max(this.#averageMs, 0.001)))
  }
}
