import { SECOND_MS } from '@rq/core'
import { DRAIN_MS } from '../inside-horse/protocol.ts'
import type { HorseRuns } from './horse-runs.ts'
import type { KillCause } from './killed-task.ts'
import { Silence } from './silence.ts'

/** A horse must be ready this soon after its start. */
const START_MS = 60 * SECOND_MS
const QUIT_MS = SECOND_MS
/**
 * A horse reports that a task begins before it loads the module of the task. If it says nothing for this long, what an
 * earlier task left behind blocks it.
 */
const SILENT_MS = 10 * SECOND_MS
/** It must first read what it was sent; even a busy machine reads this many characters a millisecond. */
const READ_PER_MS = 2000

/** How long a horse may take to become ready, to begin a task, to end one, and to quit. Times are monotonic. */
export class HorseLimits {
  readonly #runs: HorseRuns
  readonly #killable: boolean
  readonly #silence = new Silence()
  #startMs: number
  #quitMs = Number.POSITIVE_INFINITY
  #hasQuit = false
  #isDraining = false

  /** @param killable - whether silence and tasks that go on are reasons to kill it. */
  constructor(runs: HorseRuns, killable: boolean, startedMs: number) {
    this.#runs = runs
    this.#killable = killable
    this.#startMs = startedMs + START_MS
  }

  /** Whether it was asked to quit. */
  get hasQuit(): boolean {
    return this.#hasQuit
  }

  /** It is ready. */
  started(): void {
    this.#startMs = Number.POSITIVE_INFINITY
  }

  /** It begins a task. */
  spoke(): void {
    this.#silence.end()
  }

  /** It is asked to quit. */
  quit(nowMs: number): void {
    this.#hasQuit = true
    this.#quitMs = nowMs + QUIT_MS
  }

  /** It quits when what its jobs have printed is written. Counts once, however often it says so. */
  drain(): void {
    if (!this.#isDraining) this.#quitMs += DRAIN_MS
    this.#isDraining = this.#hasQuit
  }

  /** Why it has to be killed now, if it has to be. */
  causeToKill(nowMs: number): KillCause | undefined {
    if (nowMs > this.#startMs) return 'start_timeout'
    if (nowMs > this.#quitMs) return 'shutdown'
    if (!this.#killable) return undefined
    for (const run of this.#runs) if (run.isDueToBeKilled(nowMs)) return run.aborted
    const silentMs = this.#silentMs(nowMs)
    return silentMs >= SILENT_MS && silentMs >= SILENT_MS + this.#unreadLength() / READ_PER_MS ? 'silent' : undefined
  }

  /** How long it has begun nothing, although it has a task to begin and nothing runs. */
  #silentMs(nowMs: number): number {
    if (this.#runs.size > 0 && !this.#runs.isBusy) return this.#silence.look(nowMs)
    this.#silence.end()
    return 0
  }

  #unreadLength(): number {
    return this.#runs.unbegun().reduce((length, { task }) => length + task.record.data.length, 0)
  }
}
