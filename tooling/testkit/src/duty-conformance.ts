import type { Duty } from '@rq/core'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/**
 * Makes a duty, stopped. Its runs call `work` at least once each and await it, as they await a store, and pass its
 * error on or log it. They wait by `setTimeout` and `performance`, which are faked, and for nothing else.
 */
export type MakeDuty = (work: () => Promise<void>) => Pick<Duty, 'start' | 'stop'> & Partial<Pick<Duty, 'runOnce'>>

/** What a test does to a duty, one step after the other. */
export type DutyStep = 'start' | 'stop' | 'runOnce' | { readonly passMs: number }

/** How a call of `work` ends. */
export interface WorkEnd {
  readonly afterMs: number
  readonly fails: boolean
}

const LONGEST_WORK_MS = 2000
const step: fc.Arbitrary<DutyStep> = fc.oneof(
  fc.constantFrom<DutyStep>('start', 'stop', 'runOnce'),
  // Often no time at all, so that calls meet in the middle of a run.
  fc.record({ passMs: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(20_000)) }),
)
const workEnd: fc.Arbitrary<WorkEnd> = fc.record({
  afterMs: fc.oneof(fc.constant(0), fc.nat(LONGEST_WORK_MS)),
  fails: fc.boolean(),
})

/**
 * What every {@link Duty} must do, in whatever order it is started, stopped and run. Call it in a test file:
 * `describeDuty('Leadership', (work) => new Leadership({ store: { lead: work }, ... }))`.
 */
export function describeDuty(name: string, make: MakeDuty): void {
  describe(`${name}, as a duty,`, () => {
    beforeEach(() => {
      vi.useFakeTimers()
    })

    afterEach(() => {
      vi.useRealTimers()
    })

    it('runs once at a time, rests when it is stopped, and leaves nothing behind, in any order of calls', async () => {
      const steps = fc.array(step, { maxLength: 25 })
      const ends = fc.array(workEnd, { minLength: 1, maxLength: 5 })
      await fc.assert(
        fc.asyncProperty(steps, ends, async (done, works) => {
          expect(await lastingFaults(make, done, works)).toEqual([])
        }),
        { numRuns: 60 },
      )
    })
  })
}

const realTimeout = globalThis.setTimeout
/** Longer than the network on this machine takes to answer. */
const OTHERS_MS = 1000

/**
 * The faults that are there again when what tests of other files have left behind in this thread is at rest: it sets
 * timers too, and they are fake here.
 */
export async function lastingFaults(
  make: MakeDuty,
  steps: readonly DutyStep[],
  ends: readonly WorkEnd[],
): Promise<readonly string[]> {
  const faults = await dutyFaults(make, steps, ends)
  if (faults.length === 0) return faults
  await new Promise((resolve) => realTimeout(resolve, OTHERS_MS))
  vi.clearAllTimers()
  return dutyFaults(make, steps, ends)
}

/** Play `steps` on a new duty, under fake timers. Returns what was wrong with it, one line each. */
export async function dutyFaults(
  make: MakeDuty,
  steps: readonly DutyStep[],
  ends: readonly WorkEnd[],
): Promise<readonly string[]> {
  const play = new DutyPlay(make, ends)
  process.on('unhandledRejection', play.onUnhandled)
  try {
    for (const one of steps) await play.take(one)
    await play.rest()
    await play.runAnew()
    await play.rest()
  } finally {
    process.off('unhandledRejection', play.onUnhandled)
    vi.clearAllTimers()
  }
  return play.faults
}

const FAILURE = new Error('the work of a duty failed, as the test wanted')
/** More timers than any duty needs to come to rest, or to begin a run. */
const MOST_TIMERS = 200
const HOUR_MS = 3_600_000

class DutyPlay {
  readonly #duty: ReturnType<MakeDuty>
  readonly #ends: readonly WorkEnd[]
  readonly #faults = new Set<string>()
  #calls = 0
  #underWay = 0
  #isStarted = false
  /** Calls of `stop` and `runOnce` that have not settled. */
  #stops = 0
  #runs = 0
  /** Calls of `start` and `runOnce` so far. */
  #wishes = 0

  constructor(make: MakeDuty, ends: readonly WorkEnd[]) {
    this.#duty = make(() => this.#work())
    this.#ends = ends
  }

  get faults(): readonly string[] {
    return [...this.#faults]
  }

  readonly onUnhandled = (reason: unknown): void => {
    this.#faults.add(`a promise rejected unhandled: ${reason}`)
  }

  async take(one: DutyStep): Promise<void> {
    if (one === 'start') this.#start()
    else if (one === 'stop') this.#stop()
    else if (one === 'runOnce') this.#runOnce()
    else await vi.advanceTimersByTimeAsync(one.passMs)
  }

  /** Stop the duty. It must come to rest, and begin nothing for an hour. */
  async rest(): Promise<void> {
    this.#stop()
    await this.#passUntil(() => this.#stops + this.#runs === 0, 'stop() or runOnce() did not settle')
    // A second run under way is a fault already, but it has to end.
    await vi.advanceTimersByTimeAsync(LONGEST_WORK_MS)
    if (vi.getTimerCount() > 0) this.#faults.add(`${vi.getTimerCount()} timers were left after stop()`)
    await vi.advanceTimersByTimeAsync(HOUR_MS)
  }

  async runAnew(): Promise<void> {
    const before = this.#calls
    this.#start()
    await this.#passUntil(() => this.#calls > before, 'no run began after start()')
  }

  async #passUntil(isSo: () => boolean, otherwise: string): Promise<void> {
    for (let n = 0; n < MOST_TIMERS && !isSo(); n++) await vi.advanceTimersToNextTimerAsync()
    if (!isSo()) this.#faults.add(otherwise)
  }

  #start(): void {
    this.#isStarted = true
    this.#wishes++
    this.#duty.start()
  }

  #stop(): void {
    this.#isStarted = false
    this.#stops++
    const wishes = this.#wishes
    this.#duty.stop().then(
      () => {
        this.#stops--
        if (wishes === this.#wishes && this.#underWay > 0) this.#faults.add('stop() resolved during a run')
      },
      () => {
        this.#stops--
        this.#faults.add('stop() rejected')
      },
    )
  }

  #runOnce(): void {
    if (this.#duty.runOnce === undefined) return
    this.#wishes++
    this.#runs++
    this.#duty.runOnce().then(
      () => this.#runs--,
      (error: unknown) => {
        this.#runs--
        if (error !== FAILURE) this.#faults.add(`runOnce() rejected with ${error}`)
      },
    )
  }

  async #work(): Promise<void> {
    // A run that began before stop() may call more than once until it is over.
    if (!this.#isStarted && this.#stops + this.#runs === 0) this.#faults.add('a run began after stop() had resolved')
    if (this.#underWay > 0) this.#faults.add('two runs were under way at once')
    const { afterMs, fails } = this.#ends[this.#calls++ % this.#ends.length] ?? { afterMs: 0, fails: false }
    this.#underWay++
    if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
    this.#underWay--
    if (fails) throw FAILURE
  }
}
