import { RqError } from '@rq/core'
import type { JobRecord, Payload } from '@rq/job'
import { isEncoded, type PayloadField } from '@rq/serializer'
import type { JobContext } from '../context.ts'
import { type Readable, Undecodable } from '../payload/payload-codec.ts'
import { Job } from './job.ts'

/**
 * The handle of a job for code in the worker's own process, where nothing is decoded: with a codec, reading the
 * arguments throws an error that says where to read them, and meta has its stored form in `unserialized`.
 */
export function undecodedJob(record: JobRecord, context: JobContext): Job {
  const { data, id, meta } = record
  const payloads = { data: readable(data, 'data', id) }
  return new Job(record, context, meta === undefined ? payloads : { ...payloads, meta: readable(meta, 'meta', id) })
}

function readable(payload: Payload, field: PayloadField, jobId: string): Readable {
  if (!isEncoded(payload, field)) return payload
  const what = `Cannot read what a codec has encoded of job ${jobId}: the worker's own process does not decode it.`
  const advice = 'Fetch the job with a queue that has the codec: await queue.fetchJob(jobId).'
  return new Undecodable(new RqError('RQ_DESERIALIZATION', `${what} ${advice}`))
}
