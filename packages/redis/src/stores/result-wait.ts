import type { AwaitedResult } from '@rq/job'

/** What a wait goes on with: the answer, a look at the job, or nothing yet. */
type News = AwaitedResult | 'look' | undefined

/**
 * One caller that waits for a job, from before the job is stored or later. News that come before it listens are kept
 * for it.
 */
export class ResultWait {
  readonly jobId: string
  /** Results of attempts that are not the last do not count. */
  readonly untilEnd: boolean
  /** A notice that may be of an earlier job of the id: it came before this one was known to be stored. */
  #early: AwaitedResult | undefined
  #isStored: boolean
  #isRegistered: boolean
  #news: News
  #error: unknown
  #wake: () => void = () => {}

  /** @param isStored whether the job is stored by now. Then the wait begins with a look at it. */
  constructor(jobId: string, untilEnd: boolean, isStored: boolean) {
    this.jobId = jobId
    this.untilEnd = untilEnd
    this.#isStored = isStored
    this.#isRegistered = !isStored
    this.#news = isStored ? 'look' : undefined
  }

  /** Whether a look at the job says something: before it is stored, there is none. */
  get isStored(): boolean {
    return this.#isStored
  }

  /** Whether its end is notified: then a job that is gone may have been dropped when it ended. */
  get isRegistered(): boolean {
    return this.#isRegistered
  }

  /** The job notes who waits. */
  noteRegistered(): void {
    this.#isRegistered = true
  }

  /** The job is stored. @param looksFirst do not wait for a notice alone, and do not trust one that came before. */
  noteStored(looksFirst: boolean): void {
    if (this.#isStored) return
    this.#isStored = true
    if (!looksFirst) return
    if (this.#news !== 'look') this.#early = this.#news
    this.#news = 'look'
  }

  /** What it waits for, if that is known by now; else that it has to look. */
  tell(answer?: AwaitedResult): void {
    // An answer is final.
    if (this.#news === undefined || this.#news === 'look') this.#news = answer ?? 'look'
    this.#wake()
  }

  /** The job is gone, and no notice is on its way. */
  tellGone(answer: AwaitedResult): void {
    this.tell(this.#early ?? answer)
  }

  fail(error: unknown): void {
    this.#error = error
    this.#wake()
  }

  wake(): void {
    this.#wake()
  }

  /** Resolves to the news, once there are any or `isOver` says so. {@link wake} lets it check. @throws what failed. */
  async next(isOver: () => boolean): Promise<News> {
    while (this.#news === undefined && this.#error === undefined && !isOver()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
    const news = this.#news
    if (news === 'look') this.#news = undefined
    return news
  }
}
