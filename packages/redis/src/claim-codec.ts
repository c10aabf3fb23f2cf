import type { Claimed, ClaimReply, JobRecord } from '@rq/job'
import { decodeJob, decodePlainJob } from './job-codec.ts'

export const NOTHING: ClaimReply = { jobs: [], suspended: false }
const SUSPENDED: ClaimReply = { jobs: [], suspended: true }

/** Elements of the reply for each job, as lua/lib/handed makes them. */
const ELEMENTS = 3

/** The reply of a claim: for each job its head, data and description, or its head, fields and nothing. */
export function decodeClaim(reply: unknown): ClaimReply {
  if (!Array.isArray(reply)) return SUSPENDED
  const jobs: Claimed[] = []
  for (let at = 0; at + ELEMENTS <= reply.length; at += ELEMENTS) {
    const [queue = '', executionId = '', id = '', ...times] = String(reply[at]).split('\n')
    const job = decodeHanded(id, times, reply[at + 1], reply[at + 2])
    if (job === undefined) continue
    job.origin = queue
    job.status = 'started'
    jobs.push({ executionId, job })
  }
  return jobs.length === 0 ? NOTHING : { jobs, suspended: false }
}

function decodeHanded(
  id: string,
  times: readonly string[],
  body: unknown,
  description: unknown,
): JobRecord | undefined {
  return Array.isArray(body) ? decodeJob(id, body) : decodePlainJob(id, times, body as Buffer, String(description))
}
