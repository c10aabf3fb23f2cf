import type { Claimed, ClaimReply, JobRecord } from '@rq/job'
import { decodeJob, decodePlainJob } from './job-codec.ts'
import { PackedTexts } from './packed-texts.ts'

export const NOTHING: ClaimReply = { jobs: [], suspended: false }
const SUSPENDED_WORD = Buffer.from('suspended')
const SUSPENDED: ClaimReply = { jobs: [], suspended: true }

/** The reply of a claim: a word, or jobs as lua/lib/handed packs them. */
export function decodeClaim(reply: unknown): ClaimReply {
  if (!Buffer.isBuffer(reply) || reply.equals(SUSPENDED_WORD)) return SUSPENDED
  const packed = new PackedTexts(reply)
  const jobs: Claimed[] = []
  while (!packed.isAtEnd) {
    const fieldTexts = packed.text()
    const queue = packed.text()
    const executionId = packed.text()
    const job = fieldTexts === '' ? decodePlainJob(packed) : decodeFields(packed, Number(fieldTexts))
    if (job === undefined) continue
    job.origin = queue
    job.status = 'started'
    jobs.push({ executionId, job })
  }
  return jobs.length === 0 ? NOTHING : { jobs, suspended: false }
}

function decodeFields(packed: PackedTexts, count: number): JobRecord | undefined {
  const id = packed.text()
  return decodeJob(
    id,
    Array.from({ length: count }, () => packed.bytes()),
  )
}
