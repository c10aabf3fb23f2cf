import { deferred, FailureLog, type Logger, pause, SECOND_MS } from '@rq/core'
import type { StopJobCommand, WorkerCommand, WorkerStore } from '@rq/job'

export interface CommandsOptions {
  readonly store: WorkerStore
  readonly workerName: string
  readonly logger: Logger
  /** Leave as after a first signal. */
  readonly onShutdown: () => void
  /** Kill the horses that run something. */
  readonly onKillHorse: () => void
  /** Pause a queue of the worker, or resume it; undefined: all. The worker may not serve it. */
  readonly onPause: (queue: string | undefined) => void
  readonly onResume: (queue: string | undefined) => void
  /** Stop a job that this worker may or may not be running. */
  readonly onStopJob: (command: StopJobCommand) => void
}

const RETRY_MS = 2 * SECOND_MS

/**
 * Listens for the commands of other processes. A command that is sent while it cannot listen is missed, so a worker
 * registers after {@link answered}.
 */
export class Commands {
  readonly #options: CommandsOptions
  readonly #failures: FailureLog
  readonly #answered = deferred()
  #stopped = new AbortController()
  #isStarted = false
  #listening: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined)
  #unsubscribed: Promise<void> = Promise.resolve()

  constructor(options: CommandsOptions) {
    this.#options = options
    this.#failures = new FailureLog(
      options.logger,
      'Listening for commands (stop, kill-horse, pause, resume, shutdown)',
    )
  }

  /** Resolves when it listens, or the store has refused that for the first time. Never rejects. */
  get answered(): Promise<void> {
    return this.#answered.promise
  }

  /** Returns at once, and retries until the store answers. */
  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    const stopped = new AbortController()
    this.#stopped = stopped
    // A listener that was stopped may still have to unsubscribe.
    this.#listening = this.#unsubscribed.then(() => this.#listen(stopped.signal))
  }

  async stop(): Promise<void> {
    if (this.#isStarted) {
      this.#isStarted = false
      this.#stopped.abort()
      this.#unsubscribed = this.#listening.then(async (unsubscribe) => unsubscribe?.()).catch(() => {})
    }
    await this.#unsubscribed
  }

  async #listen(signal: AbortSignal): Promise<(() => Promise<void>) | undefined> {
    const { store, workerName } = this.#options
    while (!signal.aborted) {
      try {
        const unsubscribe = await store.onCommand(workerName, (command) => this.#execute(command))
        this.#failures.succeeded()
        this.#answered.resolve()
        return unsubscribe
      } catch (error) {
        if (!signal.aborted) this.#failures.failed(error)
        this.#answered.resolve()
        await pause(RETRY_MS, signal)
      }
    }
    return undefined
  }

  #execute(command: WorkerCommand): void {
    this.#options.logger.info(`Received ${command.command} command`)
    switch (command.command) {
      case 'shutdown':
        this.#options.onShutdown()
        return
      case 'kill-horse':
        this.#options.onKillHorse()
        return
      case 'pause':
        this.#options.onPause(command.queue)
        return
      case 'resume':
        this.#options.onResume(command.queue)
        return
      case 'stop-job':
        this.#options.onStopJob(command)
        return
    }
  }
}
