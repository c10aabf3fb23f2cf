import { type Logger, pause, SECOND_MS } from '@rq/core'
import type { WorkerCommand, WorkerStore } from '@rq/job'

export interface CommandOwner {
  /** Leave as after a first signal. */
  onShutdown(): void
  /** Kill the horses that run something. */
  onKillHorse(): void
  /** Stop a job that this worker may or may not have. */
  onStopJob(jobId: string, executionId: string | undefined): void
}

export interface CommandsOptions {
  readonly store: WorkerStore
  readonly workerName: string
  readonly logger: Logger
}

const RETRY_MS = 2 * SECOND_MS

/** Listens for what other processes ask of this worker. A command sent while it could not listen is missed. */
export class Commands {
  readonly #options: CommandsOptions
  readonly #owner: CommandOwner
  readonly #stopped = new AbortController()
  #listening: Promise<(() => Promise<void>) | undefined> = Promise.resolve(undefined)

  constructor(options: CommandsOptions, owner: CommandOwner) {
    this.#options = options
    this.#owner = owner
  }

  /** Returns at once; keeps trying while the store does not answer. */
  start(): void {
    this.#listening = this.#listen()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    const unsubscribe = await this.#listening
    await unsubscribe?.()
  }

  async #listen(): Promise<(() => Promise<void>) | undefined> {
    const { logger, store, workerName } = this.#options
    const { signal } = this.#stopped
    while (!signal.aborted) {
      try {
        return await store.onCommand(workerName, (command) => this.#obey(command))
      } catch (error) {
        if (!signal.aborted) logger.warn('Cannot listen for commands; trying again', { error: String(error) })
        await pause(RETRY_MS, signal)
      }
    }
    return undefined
  }

  #obey(command: WorkerCommand): void {
    this.#options.logger.info(`Received ${command.command} command`)
    switch (command.command) {
      case 'shutdown':
        this.#owner.onShutdown()
        return
      case 'kill-horse':
        this.#owner.onKillHorse()
        return
      case 'stop-job':
        this.#owner.onStopJob(command.jobId, command.executionId)
        return
    }
  }
}
