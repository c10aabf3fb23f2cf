import type { Logger } from '@rq/core'
import type { WorkerIdentity, WorkerStore } from '@rq/job'
import { errorText } from '@rq/queue/run'
import { shownJobNames } from './known-jobs.ts'
import { lackingNames, lackingText } from './lacking-names.ts'
import type { WorkerSettings } from './options.ts'
import { firstAnswer } from './store/first-answer.ts'
import { OF_SETTINGS } from './worker-log.ts'

export interface JobNamesOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  /** Names of the option `functions`. */
  readonly functions: readonly string[]
  /** Whether the first horse of a lane reports the names of a module: they are not in `functions`. */
  readonly horsesReport: boolean
  /** Whether jobs that it does not know go back to their queue. */
  readonly returnsUnknown: boolean
  readonly logger: Logger
}

/** Those of a worker with these settings. */
export function jobNamesOf(settings: WorkerSettings, worker: WorkerIdentity): JobNames {
  const { functions, jobs, logger, returnUnknownForMs, runsInline, storage } = settings
  return new JobNames({
    store: storage.workers,
    worker,
    functions: Object.keys(functions),
    // With inline horses, this process has set the module up: its names are in `functions` already.
    horsesReport: jobs !== undefined && !runsInline,
    returnsUnknown: returnUnknownForMs !== undefined,
    logger,
  })
}

/** The jobs that a worker knows by name: shown in its record, and compared once with those that its queues use. */
export class JobNames {
  readonly #options: JobNamesOptions
  readonly #known = new Set<string>()
  #wasCompared = false

  constructor(options: JobNamesOptions) {
    this.#options = options
  }

  /** The worker is registered. Returns at once. @param leaving - ends the attempts. */
  start(leaving: AbortSignal): void {
    const { functions, horsesReport } = this.#options
    this.#show(functions, leaving)
    if (!horsesReport && functions.length > 0) this.#compare()
  }

  /** A horse has reported the names of its module. Returns at once. @param leaving - ends the attempts. */
  report(names: readonly string[], leaving: AbortSignal): void {
    this.#show(names, leaving)
    this.#compare()
  }

  /** Writes nothing when no name is new: lanes report the same ones. */
  #show(names: readonly string[], leaving: AbortSignal): void {
    if (names.every((name) => this.#known.has(name))) return
    for (const name of names) this.#known.add(name)
    const { logger, store, worker } = this.#options
    const shown = shownJobNames([...this.#known])
    firstAnswer(() => store.showJobNames(worker, shown), logger, leaving).catch((error: unknown) => {
      if (!leaving.aborted) logger.warn(`The worker's record does not show its jobs: ${errorText(error)}`)
    })
  }

  /** One read for each queue, once. Without an answer nothing is said: a job that is claimed says it, too. */
  #compare(): void {
    if (this.#wasCompared) return
    this.#wasCompared = true
    const { logger, returnsUnknown, store, worker } = this.#options
    const reads = worker.queues.map(async (queue) => ({ queue, ...(await store.namesInUse(queue)) }))
    Promise.all(reads).then(
      (used) => {
        const lacking = lackingNames(this.#known, used)
        if (lacking.length > 0) logger.warn(lackingText(lacking, returnsUnknown), OF_SETTINGS)
      },
      (error: unknown) => logger.debug(`The names of jobs were not compared: ${errorText(error)}`),
    )
  }
}
