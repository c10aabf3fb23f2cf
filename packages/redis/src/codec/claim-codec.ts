import type { Claimed, ClaimReply, JobRecord } from '@rq/job'
import { decodeJob, decodePlainJob } from './job-codec.ts'
import { PackedStrings } from './message-pack.ts'

export const NO_JOBS: ClaimReply = { jobs: [], suspended: false }
const SUSPENDED_WORD = Buffer.from('suspended')
const SUSPENDED: ClaimReply = { jobs: [], suspended: true }

/** A reply of this length may have been ended because of it: see lua/lib/claimed. */
const MOST_BYTES = 8 * 1024 ** 2

const AGAIN_WORD = Buffer.from('again')
const AGAIN: ClaimReply = { jobs: [], suspended: false, again: true }

/** Decode the reply of a claim: the word `suspended` or `again`, or jobs as lua/lib/claimed packs them. */
export function decodeClaim(reply: Buffer): ClaimReply {
  if (reply.equals(SUSPENDED_WORD)) return SUSPENDED
  if (reply.equals(AGAIN_WORD)) return AGAIN
  const packed = new PackedStrings(reply)
  const jobs: Claimed[] = []
  while (!packed.isAtEnd) {
    const fieldCount = packed.string()
    const queue = packed.string()
    const executionId = packed.string()
    const job = fieldCount === '' ? decodePlainJob(packed) : decodeFields(packed, Number(fieldCount))
    if (job === undefined) continue
    job.origin = queue
    job.status = 'started'
    jobs.push({ executionId, job })
  }
  if (jobs.length === 0) return NO_JOBS
  return reply.length >= MOST_BYTES ? { jobs, suspended: false, again: true } : { jobs, suspended: false }
}

function decodeFields(packed: PackedStrings, count: number): JobRecord | undefined {
  const id = packed.string()
  const fields: Buffer[] = []
  while (fields.length < count) fields.push(packed.bytes())
  return decodeJob(id, fields)
}
