import type { Redis } from 'ioredis'
import { belongings } from './invariants/belongings.ts'
import { dependencies } from './invariants/dependencies.ts'
import { expiry } from './invariants/expiry.ts'
import { places } from './invariants/places.ts'
import { queues } from './invariants/queues.ts'
import { rateLimits } from './invariants/rate-limits.ts'
import { records } from './invariants/records.ts'
import { schedules } from './invariants/schedules.ts'
import { State } from './invariants/state.ts'
import { workers } from './invariants/workers.ts'
import { snapshotRedis } from './redis-snapshot.ts'

export interface InvariantOptions {
  /** Patterns of further keys, without the prefix, that the test uses itself. Default: none. */
  allow?: readonly RegExp[]
}

/**
 * Find what is wrong with the state under a prefix, one line each; empty when it is valid. Reads everything in one
 * atomic step, so a test may call it while workers run.
 *
 * A state is valid when every job is once in exactly one place, the one that its status and queue name; an id in an
 * index has a job, or is dropped in time; a job without a place has ended and expires; only queued and started jobs
 * hold slots of a rate limit, no more than the limit, and no slot is free while jobs wait; a deferred job waits for
 * another one; a schedule is listed by name, and by its next tick in its queue; all keys are documented; and all fields
 * are as RQ's strict readers expect them.
 */
export async function findViolations(
  client: Redis,
  prefix: string,
  { allow = [] }: InvariantOptions = {},
): Promise<string[]> {
  const state = new State(await snapshotRedis(client, prefix), prefix, allow)
  return [
    ...state.strangers,
    ...places(state),
    ...expiry(state),
    ...belongings(state),
    ...queues(state),
    ...rateLimits(state),
    ...dependencies(state),
    ...workers(state),
    ...schedules(state),
    ...records(state),
  ].sort()
}
