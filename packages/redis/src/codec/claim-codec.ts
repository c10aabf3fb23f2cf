import type { Claimed, ClaimReply, JobRecord } from '@rq/job'
import { decodeJob, decodePlainJob } from './job-codec.ts'
import { PackedStrings } from './message-pack.ts'

export const NOTHING: ClaimReply = { jobs: [], suspended: false }
const SUSPENDED_WORD = Buffer.from('suspended')
const SUSPENDED: ClaimReply = { jobs: [], suspended: true }

/** The reply of a claim: a word, or jobs as lua/lib/handed packs them. */
export function decodeClaim(reply: unknown): ClaimReply {
  if (!Buffer.isBuffer(reply) || reply.equals(SUSPENDED_WORD)) return SUSPENDED
  const packed = new PackedStrings(reply)
  const jobs: Claimed[] = []
  while (!packed.isAtEnd) {
    const fieldTexts = packed.string()
    const queue = packed.string()
    const executionId = packed.string()
    const job = fieldTexts === '' ? decodePlainJob(packed) : decodeFields(packed, Number(fieldTexts))
    if (job === undefined) continue
    job.origin = queue
    job.status = 'started'
    jobs.push({ executionId, job })
  }
  return jobs.length === 0 ? NOTHING : { jobs, suspended: false }
}

function decodeFields(packed: PackedStrings, count: number): JobRecord | undefined {
  const id = packed.string()
  return decodeJob(
    id,
    Array.from({ length: count }, () => packed.bytes()),
  )
}
