import { type Logger, RqError } from '@rq/core'
import { type WorkerIdentity, type WorkerStore, waitForName } from '@rq/job'
import { firstAnswer } from './store/first-answer.ts'

export interface RegistrationOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  readonly leaseMs: number
  readonly logger: Logger
}

/** The place of a worker among the workers of its store, under its name. */
export class Registration {
  readonly #options: RegistrationOptions
  #isRegistered = false

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /**
   * Register the worker, once the store answers and the name is free.
   * @param leaving - ends the wait.
   * @throws RqError `RQ_WORKER_NAME_TAKEN`.
   */
  async register(leaving: AbortSignal): Promise<void> {
    const { leaseMs, logger, store, worker } = this.#options
    const { name } = worker
    await waitForName({
      register: async () => (await firstAnswer(() => store.register(worker, leaseMs), logger, leaving))?.value,
      onWait: (waitS) =>
        logger.warn(`Another worker named '${name}' has not unregistered. It counts as dead in ${waitS} s; waiting`),
      taken: (waitS) => nameTaken(name, waitS),
      signal: leaving,
    })
    this.#isRegistered = true
  }

  /** Note in the worker's record that it was asked to stop. Returns at once. */
  noteShutdown(): void {
    const { store, worker } = this.#options
    if (this.#isRegistered) store.shutdownRequested(worker.name).catch(() => {})
  }

  unregister(): Promise<void> {
    const { store, worker } = this.#options
    return store.unregister(worker)
  }
}

/** The error of a worker whose name another one has. `waitS`: when the record of the other one expires. */
export function nameTaken(name: string, waitS?: number): RqError {
  const wait = waitS === undefined ? '' : `, or wait until its record expires in ${waitS} s`
  return new RqError(
    'RQ_WORKER_NAME_TAKEN',
    `An active worker named '${name}' exists already. Choose another name${wait}.`,
    { details: { name } },
  )
}
