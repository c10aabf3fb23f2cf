/** The last jobs that are named. */
const MOST_NAMED = 5
/** Jobs that follow each other at once are looked at together: a look costs a microsecond, a short job little more. */
const LOOK_EVERY_MS = 5
/** Pipes and terminals are what jobs print to, once one has printed. */
const OUTPUTS: ReadonlySet<string> = new Set(['PipeWrap', 'TTYWrap'])

/**
 * Whether jobs that have ended in this horse left something behind that may still run: timers, sockets, requests. Only
 * what keeps a process alive can be seen, so no timer after `unref()`.
 */
export class Leftovers {
  readonly #count: () => number
  #active: number
  /** What the horse has of its own. */
  #fewest: number
  #lookedMs = Number.NEGATIVE_INFINITY
  /** Jobs that have ended since the last look. */
  #ended: string[] = []
  #suspects: readonly string[] = []

  /** @param count - counts what is active in this process or thread. */
  constructor(count: () => number = countActive) {
    this.#count = count
    this.#active = count()
    this.#fewest = this.#active
  }

  /** Note that a job has ended. */
  ended(jobId: string): void {
    this.#ended.push(jobId)
  }

  /**
   * Look between two jobs: what is active now was left behind.
   * @param inHurry - the next job waited for the end of this one: a look of a few milliseconds ago will do.
   */
  look(nowMs: number, inHurry: boolean): void {
    if (inHurry && nowMs - this.#lookedMs < LOOK_EVERY_MS) return
    const active = this.#count()
    if (active > this.#active) this.#suspects = this.suspects()
    this.#ended = []
    this.#active = active
    this.#fewest = Math.min(this.#fewest, active)
    this.#lookedMs = nowMs
    if (!this.areKnown) this.#suspects = []
  }

  /** Whether something was left behind when it was last looked at. */
  get areKnown(): boolean {
    return this.#active > this.#fewest
  }

  /** Whether something was left behind, or jobs have ended since the last look. */
  get mayExist(): boolean {
    return this.areKnown || this.#ended.length > 0
  }

  /**
   * The last jobs that left something behind, or ended since the last look. Empty if it is not known whose leftovers
   * there are.
   */
  suspects(): readonly string[] {
    return [...this.#suspects, ...this.#ended].slice(-MOST_NAMED)
  }
}

function countActive(): number {
  let count = 0
  for (const resource of process.getActiveResourcesInfo()) if (!OUTPUTS.has(resource)) count++
  return count
}
