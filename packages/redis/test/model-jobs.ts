import { HOUR_MS } from '@rq/core'
import type { AttemptTimes, JobRecord, Outcome } from '@rq/job'
import type { newJob } from '@rq/testkit/storage-conformance'
import { type JobFacts, RETURNED_RETRIES, type StepOutcome } from './model-steps.ts'

const DELAY_S = 3600
export const FAR_MS = 4_000_000_000_000
const POISONED = 3

/** What `newJob` makes the job of a step from. */
export function jobOf(facts: JobFacts, createdAtMs: number, hasNewId = false): Parameters<typeof newJob> {
  return [
    {
      id: facts.id,
      origin: facts.queue,
      createdAtMs,
      ...(facts.resultTtlS !== undefined && { resultTtlS: facts.resultTtlS }),
      ...(facts.ttlS !== undefined && { ttlS: facts.ttlS }),
      ...(facts.dependencies.length > 0 && {
        dependencyIds: facts.dependencies,
        allowDependencyFailures: facts.allowFailure,
      }),
      ...(facts.dependencyFront && { enqueueAtFront: true }),
      ...(facts.limit !== undefined && { rateLimit: { key: facts.limit, concurrency: facts.concurrency } }),
      ...(facts.key !== undefined && { unique: { key: facts.key, until: facts.until } }),
      ...(facts.group !== undefined && { groupId: facts.group }),
      ...(facts.retries > 0 && {
        retriesLeft: facts.retries,
        retryIntervalsS: [facts.retryDelayed ? DELAY_S : 0],
      }),
      ...(facts.repeats > 0 && {
        repeatsLeft: facts.repeats,
        repeatIntervalsS: [facts.repeatDelayed ? DELAY_S : 0],
      }),
    },
    {
      atFront: facts.atFront || facts.dependencyFront,
      unique: facts.unique && facts.key === undefined,
      ...(facts.key !== undefined && {
        uniqueKey: { onDuplicate: facts.onDuplicate, ...(facts.held && { forMs: HOUR_MS }) },
      }),
      hasNewId,
      ...(facts.again && { again: true }),
      ...(facts.scheduled && { dueMs: FAR_MS }),
    },
  ]
}

/** What a step says of the end of a run, whose worker may have died. */
export function outcomeOf(kind: StepOutcome, abandoned: boolean, job: JobRecord, times: AttemptTimes): Outcome {
  const error = 'Error: no'
  const { abandonedCount = 0, retryIntervalsS = [0] } = job
  switch (kind) {
    case 'returned':
      return { ...times, kind, value: '42' }
    case 'retry':
      return { ...times, kind: 'returned_retry', retry: { max: RETURNED_RETRIES, intervalsS: retryIntervalsS } }
    case 'stopped':
      return { ...times, kind, error }
    case 'unknown':
      return { ...times, kind: 'unknown_function', error }
    case 'raised':
      return abandoned
        ? { ...times, kind: 'abandoned', error, poisoned: abandonedCount >= POISONED }
        : { ...times, kind, error }
  }
}
