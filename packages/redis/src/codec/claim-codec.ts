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

/** How many fields a plain job has after its claim, without a `result_ttl`: see lua/lib/claim. */
const PLAIN_FIELDS = 11

/** Decode the reply of a claim: the word `suspended` or `again`, or jobs as lua/lib/claimed packs them. */
export function decodeClaim(reply: Buffer): ClaimReply {
  if (reply.equals(SUSPENDED_WORD)) return SUSPENDED
  if (reply.equals(AGAIN_WORD)) return AGAIN
  const packed = new PackedStrings(reply)
  const jobs: Claimed[] = []
  let queue = ''
  while (!packed.isAtEnd) {
    const lease = packed.string()
    if (lease !== '') {
      const colon = lease.lastIndexOf(':')
      const executionId = lease.slice(colon + 1)
      const job = decodePlainJob(lease.slice(0, colon), packed)
      job.origin = queue
      job.status = 'started'
      jobs.push({ executionId, job, hint: job.resultTtlS === undefined ? PLAIN_FIELDS : PLAIN_FIELDS + 1 })
      continue
    }
    const fieldCount = packed.string()
    if (fieldCount === '') {
      queue = packed.string()
      continue
    }
    const id = packed.string()
    const executionId = packed.string()
    const job = decodeFields(id, packed, Number(fieldCount))
    if (job === undefined) continue
    job.origin = queue
    job.status = 'started'
    jobs.push({ executionId, job })
  }
  if (jobs.length === 0) return NO_JOBS
  return reply.length >= MOST_BYTES ? { jobs, suspended: false, again: true } : { jobs, suspended: false }
}

function decodeFields(id: string, packed: PackedStrings, count: number): JobRecord | undefined {
  const fields: Buffer[] = []
  while (fields.length < count) fields.push(packed.bytes())
  return decodeJob(id, fields)
}
