import type { JobRecord } from './record.ts'

type Counters = Pick<JobRecord, 'numberOfRetries' | 'retriesLeft' | 'retryMax'>

/**
 * The number of the attempt that runs, or comes next; of a job that has ended, of its last one. It is 1 and a job's
 * retries so far: those of failed and abandoned attempts, and those that its function asked for. Runs that were given
 * back, and repeats, do not count.
 */
export function attemptOf({ numberOfRetries = 0, retriesLeft = 0, retryMax = retriesLeft }: Counters): number {
  return 1 + Math.max(retryMax - retriesLeft, 0) + numberOfRetries
}

/** The number of the last attempt that a job can have, unless its function asks for more. */
export function maxAttemptsOf(job: Counters): number {
  return attemptOf(job) + Math.max(job.retriesLeft ?? 0, 0)
}

/** Whether a job that fails now is not tried again. */
export function isLastAttempt({ retriesLeft = 0 }: Counters): boolean {
  return retriesLeft <= 0
}
