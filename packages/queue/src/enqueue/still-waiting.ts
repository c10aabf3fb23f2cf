import { RqError } from '@rq/core'
import type { JobStore } from '@rq/job'
import { explain } from '../job/explanation.ts'

const ADVICE: Readonly<Record<string, string>> = {
  jobs: ' Then it is queued. To run it before, cancel those with enqueueDependents, or enqueue a job without dependsOn.',
  blocked: '',
}

/**
 * Refuse a call that was to enqueue a job which waits for others already, and has therefore done nothing. Returns when
 * the job waits no longer.
 * @throws RqError `RQ_INVALID_OPERATION` that says what it waits for.
 */
export async function refuseStillWaiting(jobs: JobStore, jobId: string): Promise<void> {
  const facts = await jobs.explain(jobId)
  if (facts === undefined || facts.record.status !== 'deferred') return
  const { blockedBy, code, text, waitingFor } = explain(facts)
  const advice = ADVICE[code]
  if (advice === undefined) return
  throw new RqError('RQ_INVALID_OPERATION', `Job ${jobId} is deferred already. ${text}${advice} Nothing was written.`, {
    details: { jobId, waitingFor, blockedBy },
  })
}
