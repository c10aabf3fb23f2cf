import type { Claimed, ClaimReply } from '@rq/job'
import { decodeJob, decodePlainJob } from './job-codec.ts'

export const NOTHING: ClaimReply = { jobs: [], suspended: false }
const SUSPENDED: ClaimReply = { jobs: [], suspended: true }

/** The flat reply of a claim: queue, execution id, job id, 'plain' or 'full', values or fields. */
export function decodeClaim(reply: unknown): ClaimReply {
  if (!Array.isArray(reply)) return SUSPENDED
  const jobs: Claimed[] = []
  for (let at = 0; at + 4 < reply.length; at += 5) {
    const id = String(reply[at + 2])
    const isPlain = String(reply[at + 3]) === 'plain'
    const job = isPlain ? decodePlainJob(id, reply[at + 4]) : decodeJob(id, reply[at + 4])
    if (job === undefined) continue
    job.origin = String(reply[at])
    job.status = 'started'
    jobs.push({ executionId: String(reply[at + 1]), job })
  }
  return jobs.length === 0 ? NOTHING : { jobs, suspended: false }
}
