import { type ExplanationFacts, isJobStatus } from '@rq/job'
import { decodeJob } from './job-codec.ts'

/** What explain.lua answers for a job that is there. */
export type ExplanationReply = readonly [
  fields: readonly Buffer[],
  position: number | null,
  due: Buffer | null,
  suspended: number,
  paused: number,
  workers: number,
  dependencies: readonly Buffer[],
  slotHolders: readonly Buffer[],
  waitingBefore: number | null,
  releasing: number,
]

/** Undefined for the empty answer, and for a hash that is no job. */
export function decodeExplanation(jobId: string, reply: ExplanationReply | readonly []): ExplanationFacts | undefined {
  if (reply.length === 0) return undefined
  const [fields, position, due, suspended, paused, workers, dependencies, slotHolders, waitingBefore, releasing] = reply
  const record = decodeJob(jobId, fields)
  if (record === undefined) return undefined
  return {
    record,
    position,
    ...(due !== null && { dueMs: Number(due) * 1000 }),
    dependencies: decodeDependencies(dependencies),
    slotHolders: slotHolders.map(String),
    waitingBefore,
    releasing: releasing === 1,
    suspended: suspended === 1,
    paused: paused === 1,
    workers,
  }
}

/** Ids and statuses in turn; an empty status is that of a job that is not there. */
function decodeDependencies(flat: readonly Buffer[]): ExplanationFacts['dependencies'] {
  const dependencies: ExplanationFacts['dependencies'][number][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const status = String(flat[at + 1])
    dependencies.push({ id: String(flat[at]), status: isJobStatus(status) ? status : undefined })
  }
  return dependencies.sort((a, b) => (a.id < b.id ? -1 : 1))
}
