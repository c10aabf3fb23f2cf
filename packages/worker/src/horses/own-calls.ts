import { RqError } from '@rq/core'
import type { JobRecord } from '@rq/job'
import type { HorseCall } from './horse-owner.ts'

/** Calls that a job may make for itself only. */
const OF_ITSELF: ReadonlySet<string> = new Set([
  'jobs.update',
  'jobs.addMessages',
  'jobs.readMessages',
  'jobs.dependentIds',
  'jobs.explain',
  'jobs.executions',
])
/** Calls that read jobs: itself, and those that it depends on. */
const READS: ReadonlySet<string> = new Set([
  'jobs.fetch',
  'jobs.exists',
  'jobs.status',
  'jobs.meta',
  'jobs.results',
  'jobs.awaitResult',
])

/**
 * Refuse a call that reaches more than the running job: whatever changes another job or a worker, or reads a job that
 * it does not depend on.
 * @param record - of the job that runs in the horse; undefined between two jobs.
 * @throws RqError `RQ_INVALID_OPERATION`.
 */
export function checkOwnCall(record: JobRecord | undefined, { args, method, port }: HorseCall): void {
  const name = `${port}.${method}`
  if (record !== undefined && reachesOwn(record, name, args)) return
  throw new RqError(
    'RQ_INVALID_OPERATION',
    `${name} is refused: with the option horseEnv of its worker, a job reaches only itself and reads the jobs that it depends on. ` +
      "To reach more, give jobs a connection of their own: horseEnv: { RQ_REDIS_URL: '...' }.",
  )
}

function reachesOwn({ dependencyIds = [], id, origin }: JobRecord, name: string, args: readonly unknown[]): boolean {
  const [first, second] = args
  if (OF_ITSELF.has(name)) return first === id
  if (name === 'queues.position') return first === origin && second === id
  if (!READS.has(name)) return false
  const ids: readonly unknown[] = Array.isArray(first) ? first : [first]
  return ids.every((one) => one === id || dependencyIds.some((dependency) => dependency === one))
}
