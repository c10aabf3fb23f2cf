import { type Logger, RqError } from '@rq/core'
import { type WorkerIdentity, type WorkerStore, waitForName } from '@rq/job'

export interface RegistrationOptions {
  readonly store: WorkerStore
  readonly worker: WorkerIdentity
  readonly leaseMs: number
  readonly logger: Logger
  /** Makes a call again until the store answers; undefined when the worker leaves first. */
  readonly untilAnswered: <T>(call: () => Promise<T>) => Promise<{ readonly value: T } | undefined>
  /** Fires when the worker leaves. */
  readonly leaving: AbortSignal
}

/**
 * Register a worker, once its name is free.
 * @throws RqError `RQ_WORKER_NAME_TAKEN`.
 */
export async function registerWorker(options: RegistrationOptions): Promise<void> {
  const { leaseMs, leaving, logger, store, untilAnswered, worker } = options
  const { name } = worker
  await waitForName({
    register: async () => (await untilAnswered(() => store.register(worker, leaseMs)))?.value,
    onWait: (waitS) =>
      logger.warn(`Another worker named '${name}' has not unregistered. It counts as dead in ${waitS} s; waiting`),
    taken: (waitS) => nameTaken(name, waitS),
    signal: leaving,
  })
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
