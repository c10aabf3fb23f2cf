import { AsyncLocalStorage } from 'node:async_hooks'
import type { AnyFunction } from '@rq/job'
import type { Job } from '../job/job.ts'

/** The job that is being run, which has a signal. */
export interface CurrentJob<R = unknown> extends Job<R> {
  /** Fired on timeout, stop and lost lease. */
  readonly signal: AbortSignal
}

/** A run of a job. Its handle may be made when it is first read. */
export interface CurrentRun {
  readonly job: Job
}

const KEY = Symbol.for('rq.currentRun')

/** Kept on the global object, so that a job function that loads its own copy of this package finds its job too. */
function store(): AsyncLocalStorage<CurrentRun> {
  const globals = globalThis as { [KEY]?: AsyncLocalStorage<CurrentRun> }
  globals[KEY] ??= new AsyncLocalStorage<CurrentRun>()
  return globals[KEY]
}

/** Inside a job function or callback: its job. Elsewhere undefined. */
export function getCurrentJob<R = unknown>(): CurrentJob<R> | undefined {
  return store().getStore()?.job as CurrentJob<R> | undefined
}

/** Call a function so that it, and all that it starts, finds the job of `run` as the current one. */
export function withCurrentJob(run: CurrentRun, func: AnyFunction, args: readonly unknown[]): unknown {
  return store().run(run, func, ...args)
}
