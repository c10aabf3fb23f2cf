import { type Logger, pause, RqError, SECOND_MS } from '@rq/core'
import type { NameHolder, WorkerIdentity, WorkerStore } from '@rq/job'

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

const LOOK_EVERY_MS = SECOND_MS

/**
 * Register a worker. If another one has its name, wait until the name is free or a heartbeat shows that the other one
 * lives: a worker that was killed may be started again at once, under its own name.
 * @throws RqError `RQ_WORKER_NAME_TAKEN`.
 */
export async function registerWorker(options: RegistrationOptions): Promise<void> {
  const { leaseMs, leaving, logger, store, untilAnswered, worker } = options
  let first: NameHolder | undefined
  while (!leaving.aborted) {
    const answer = await untilAnswered(() => store.register(worker, leaseMs))
    const holder = answer?.value
    if (holder === undefined) return
    if (holder.lastBeat === undefined || (first !== undefined && first.lastBeat !== holder.lastBeat)) {
      throw nameTaken(worker.name, holder)
    }
    if (first === undefined) {
      const waitS = Math.ceil(holder.freeInMs / SECOND_MS)
      logger.warn(
        `Another worker named '${worker.name}' has not unregistered. It counts as dead in ${waitS} s; waiting`,
      )
    }
    first = holder
    await pause(Math.min(LOOK_EVERY_MS, holder.freeInMs + 1), leaving)
  }
}

/** The error of a worker whose name another one has. */
export function nameTaken(name: string, holder?: NameHolder): RqError {
  const wait =
    holder?.lastBeat === undefined && holder !== undefined
      ? `, or wait until its record expires in ${Math.ceil(holder.freeInMs / SECOND_MS)} s`
      : ''
  return new RqError(
    'RQ_WORKER_NAME_TAKEN',
    `An active worker named '${name}' exists already. Choose another name${wait}.`,
    { details: { name } },
  )
}
