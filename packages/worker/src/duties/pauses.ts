import { type Duty, type Logger, PeriodicDuty } from '@rq/core'
import type { WorkerIdentity, WorkerStore } from '@rq/job'
import type { HeldQueues } from '../holds/held-queues.ts'
import type { PausedQueues } from '../holds/paused-queues.ts'

export interface PausesOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  readonly paused: PausedQueues
  /** Those that `canClaim` holds back. */
  readonly held: HeldQueues
  readonly everyMs: number
  /** Called when queues were paused or resumed, and at the start if any is paused. */
  readonly onChange: (paused: readonly string[]) => void
  readonly logger: Logger
}

/** How long the answers of `canClaim` gather before they are shown together: it is asked about each queue by itself. */
const GATHER_MS = 100

/**
 * Lets a run of a worker follow the pauses of its queues, and shows in the worker's record which are paused, and which
 * `canClaim` holds back: when that changes, and while there are any from time to time, since the record may expire and
 * be written again. So it costs a worker nothing that is never paused and has no `canClaim`.
 */
export class Pauses implements Duty {
  readonly #options: PausesOptions
  readonly #shown: PeriodicDuty
  #isShown = false
  #unlisten: () => void = () => {}

  constructor(options: PausesOptions) {
    const { everyMs, logger } = options
    this.#options = options
    this.#shown = new PeriodicDuty({
      name: 'Showing which queues are held back',
      everyMs: () => (this.#isShown || this.#areSome ? everyMs : Number.POSITIVE_INFINITY),
      logger,
      atStart: true,
      run: () => this.#show(),
    })
  }

  start(): void {
    const { held, paused } = this.#options
    if (!this.#shown.isStarted && !paused.isEmpty) this.#options.onChange(paused.names)
    this.#unlisten()
    this.#unlisten = paused.onChange(() => {
      this.#options.onChange(paused.names)
      this.#shown.runWithin(0)
    })
    held.onChange(() => this.#shown.runWithin(GATHER_MS))
    this.#shown.start()
  }

  stop(): Promise<void> {
    this.#unlisten()
    return this.#shown.stop()
  }

  runOnce(): Promise<void> {
    return this.#shown.runOnce()
  }

  /** Pause a queue by a command, which may name one that this worker does not serve; undefined: all. */
  pause(queue: string | undefined): void {
    this.#obey(() => this.#options.paused.pause(queue))
  }

  /** Resume in the same way. */
  resume(queue: string | undefined): void {
    this.#obey(() => this.#options.paused.resume(queue))
  }

  #obey(command: () => void): void {
    try {
      command()
    } catch (error) {
      this.#options.logger.warn(`A command was ignored. ${error instanceof Error ? error.message : error}`)
    }
  }

  get #areSome(): boolean {
    return !this.#options.paused.isEmpty || !this.#options.held.isEmpty
  }

  async #show(): Promise<void> {
    const { held, paused, store, worker } = this.#options
    const areSome = this.#areSome
    if (!areSome && !this.#isShown) return
    this.#isShown = true
    await store.showHolds(worker, { paused: paused.names, held: held.all })
    this.#isShown = areSome
  }
}
