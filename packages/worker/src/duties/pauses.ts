import { type Duty, type Logger, PeriodicDuty } from '@rq/core'
import type { WorkerIdentity, WorkerStore } from '@rq/job'
import type { PausedQueues } from '../holds/paused-queues.ts'

export interface PausesOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  readonly paused: PausedQueues
  readonly everyMs: number
  /** Called when queues were paused or resumed, and at the start if any is paused. */
  readonly onChange: (paused: readonly string[]) => void
  readonly logger: Logger
}

/**
 * Lets a run of a worker follow the pauses of its queues, and shows in the worker's record which are paused: when that
 * changes, and while any is paused from time to time, since the record may expire and be written again. So it costs a
 * worker that is never paused nothing.
 */
export class Pauses implements Duty {
  readonly #options: PausesOptions
  readonly #shown: PeriodicDuty
  #isShown = false
  #unlisten: () => void = () => {}

  constructor(options: PausesOptions) {
    const { everyMs, logger, paused } = options
    this.#options = options
    this.#shown = new PeriodicDuty({
      name: 'Showing which queues are paused',
      everyMs: () => (this.#isShown || !paused.isEmpty ? everyMs : Number.POSITIVE_INFINITY),
      logger,
      atStart: true,
      run: () => this.#show(),
    })
  }

  start(): void {
    const { paused } = this.#options
    if (!this.#shown.isStarted && !paused.isEmpty) this.#options.onChange(paused.names)
    this.#unlisten()
    this.#unlisten = paused.onChange(() => {
      this.#options.onChange(paused.names)
      this.#shown.runWithin(0)
    })
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

  async #show(): Promise<void> {
    const { paused, store, worker } = this.#options
    const queues = paused.names
    if (queues.length === 0 && !this.#isShown) return
    this.#isShown = true
    await store.showPaused(worker, queues)
    this.#isShown = queues.length > 0
  }
}
