import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { ToHorse } from '../inside-horse/protocol.ts'
import type { HorseRuns } from './horse-runs.ts'
import type { TaskRun } from './task-run.ts'

/** Takes back the tasks that one horse has not begun. */
export class Revocation {
  readonly #runs: HorseRuns
  readonly #send: (message: ToHorse) => void
  readonly #onReleased: (runs: readonly TaskRun[]) => void
  /** Requests that the horse has not answered yet. */
  #asked = 0
  /** How many of the next answers to ignore: their tasks were taken back without waiting. */
  #stale = 0

  /** @param onReleased - called with tasks that the horse has no more, and will not begin. */
  constructor(runs: HorseRuns, send: (message: ToHorse) => void, onReleased: (runs: readonly TaskRun[]) => void) {
    this.#runs = runs
    this.#send = send
    this.#onReleased = onReleased
  }

  /** Ask the horse, unless it has been asked and has not answered. */
  ask(): void {
    const ids = this.#runs.unbegun().map(({ id }) => id)
    if (ids.length === 0 || this.#asked > 0) return
    this.#asked++
    this.#send({ type: 'revoke', ids })
  }

  /** Without an answer: safe after {@link REVOKE_AFTER_MS}, since the horse asks before it begins another task. */
  atOnce(): void {
    const unbegun = this.#runs.unbegun()
    const ids = unbegun.map(({ id }) => id)
    this.#stale = this.#asked
    this.#send({ type: 'revoke', ids, quiet: true })
    for (const run of unbegun) this.#runs.remove(run)
    this.#onReleased(unbegun)
  }

  /** @throws InvalidMessage when the horse was not asked, or has begun one of these. */
  answered(ids: readonly string[]): void {
    if (this.#asked === 0) throw new InvalidMessage('it releases tasks without being asked to')
    if (ids.some((id) => this.#runs.running(id) !== undefined)) {
      throw new InvalidMessage('it releases a task that has begun')
    }
    this.#asked--
    if (this.#stale > 0) {
      this.#stale--
      return
    }
    const released: TaskRun[] = []
    for (const id of ids) {
      const run = this.#runs.get(id)
      if (run === undefined) continue
      this.#runs.remove(run)
      released.push(run)
    }
    if (released.length > 0) this.#onReleased(released)
  }
}
