import { invalidOption } from '@rq/core'

/** What a module of jobs needs where its jobs run. */
export interface Lifecycle<Services = unknown> {
  /**
   * Called once in every work horse (process, thread, or the worker itself with `inline`) before its first job, with at
   * most 45 s. What it returns are the `services` of each run: database pools, clients. If it fails, the horse does not
   * start. Default: none.
   */
  setup?: (() => Services | Promise<Services>) | undefined
  /**
   * Called with the services when a work horse quits, which waits for it for up to 5 s. Not when a horse is killed: at
   * a time limit, by a cold stop, or with its worker. Default: none.
   */
  teardown?: ((services: Services) => unknown) | undefined
}

/** The names of {@link Lifecycle}. */
export const LIFECYCLE_NAMES = { setup: true, teardown: true } as const

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkLifecycle({ setup, teardown }: Readonly<Record<keyof Lifecycle, unknown>>): void {
  for (const [name, value] of Object.entries({ setup, teardown })) {
    if (value !== undefined && typeof value !== 'function') throw invalidOption(name, value, 'a function')
  }
}
