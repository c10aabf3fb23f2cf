import { oneLine, RqError, SECOND_MS, within } from '@rq/core'
import type { AnyFunction } from '@rq/job'
import { checkDefinitions, type JobDefinitions } from './definition.ts'
import { handlerOf } from './handler.ts'
import type { Lifecycle } from './lifecycle.ts'

/** The longest that `setup` may take. A worker kills a horse that is not ready after 60 s. */
const SETUP_MS = 45 * SECOND_MS

const LONGEST_REASON = 1000

/** The jobs of one module as a worker sees them. */
export interface JobSet {
  readonly definitions: JobDefinitions
  /**
   * Call `setup`, and make the functions of the jobs.
   * @throws RqError `RQ_HORSE_TERMINATED` when `setup` throws, or does not end in time.
   */
  open(limitMs?: number): Promise<OpenJobs>
}

/** Jobs that can be run. */
export interface OpenJobs {
  /** By the names of the jobs. */
  readonly functions: Readonly<Record<string, AnyFunction>>
  /** Call `teardown`. Undefined when there is none. @throws what it throws. */
  readonly close: (() => Promise<void>) | undefined
}

/** Where an object of `defineJobs` has its {@link JobSet}. Global, so that two copies of this package agree. */
const JOBS: unique symbol = Symbol.for('rq.jobs')

/** The jobs of a value that `defineJobs` has returned; undefined for any other value. */
export function jobSetOf(value: unknown): JobSet | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, JOBS)) return undefined
  return (value as { readonly [JOBS]: JobSet })[JOBS]
}

/** Note the jobs of a value for {@link jobSetOf}. */
export function noteJobSet(value: object, set: JobSet): void {
  Object.defineProperty(value, JOBS, { value: set })
}

export function makeJobSet(definitions: JobDefinitions, { setup, teardown }: Lifecycle): JobSet {
  return {
    definitions,
    async open(limitMs = SETUP_MS) {
      const services = setup === undefined ? undefined : await setUp(setup, limitMs)
      return opened(definitions, services, teardown)
    },
  }
}

/** Jobs that are found among their services: the providers of a framework, for example. */
export interface FoundJobs<Services> {
  /** As the `setup` of `defineJobs`. */
  setup(): Promise<Services>
  /** The jobs, once `setup` has ended. If it throws, the services are torn down, and the horse does not start. */
  find(services: Services): JobDefinitions
  /** As the `teardown` of `defineJobs`. */
  teardown(services: Services): unknown
}

/**
 * A value for the option `jobs` of a worker, as `defineJobs` returns one. The names of its jobs are known in work
 * horses only, so it enqueues none.
 */
export function findJobs<Services>({ setup, find, teardown }: FoundJobs<Services>): object {
  const found = async () => {
    const services = await setup()
    try {
      return { services, definitions: checkDefinitions(find(services)) }
    } catch (error) {
      await teardown(services)
      throw error
    }
  }
  const jobs = {}
  noteJobSet(jobs, {
    definitions: {},
    async open(limitMs = SETUP_MS) {
      const { services, definitions } = await setUp(found, limitMs)
      return opened(definitions, services, teardown)
    },
  })
  return Object.freeze(jobs)
}

function opened<Services>(
  definitions: JobDefinitions,
  services: Services,
  teardown: Lifecycle<Services>['teardown'],
): OpenJobs {
  const handlers = Object.entries(definitions).map(([name, one]) => [name, handlerOf(name, one, services)] as const)
  return {
    functions: Object.fromEntries(handlers),
    close: teardown && (async () => void (await teardown(services))),
  }
}

async function setUp<Services>(setup: () => Services | Promise<Services>, limitMs: number): Promise<Services> {
  const services = async () => ({ value: await setup() })
  try {
    const done = await within(limitMs, services())
    if (done !== undefined) return done.value
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)
    throw new RqError('RQ_HORSE_TERMINATED', `The setup of the jobs failed: ${oneLine(why).slice(0, LONGEST_REASON)}`, {
      cause,
    })
  }
  const message = `The setup of the jobs has not ended within ${limitMs / SECOND_MS} seconds. Do there only what every job needs.`
  throw new RqError('RQ_HORSE_TERMINATED', message)
}
