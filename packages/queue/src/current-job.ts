import { AsyncLocalStorage } from 'node:async_hooks'
import type { Job } from './job.ts'

/** The job that is being run, which has a signal. */
export interface CurrentJob<R = unknown> extends Job<R> {
  /** Fired on timeout, stop and lost lease. */
  readonly signal: AbortSignal
}

const KEY = Symbol.for('rq.currentJob')

/** Kept on the global object, so that a job function that loads its own copy of this package finds its job too. */
function store(): AsyncLocalStorage<Job> {
  const globals = globalThis as { [KEY]?: AsyncLocalStorage<Job> }
  globals[KEY] ??= new AsyncLocalStorage<Job>()
  return globals[KEY]
}

/** Inside a job function or callback: its job. Elsewhere undefined. */
export function getCurrentJob<R = unknown>(): CurrentJob<R> | undefined {
  return store().getStore() as CurrentJob<R> | undefined
}

/** Call `run` so that it, and all that it starts, finds `job` as the current one. */
export function withCurrentJob<T>(job: Job, run: () => T): T {
  return store().run(job, run)
}
