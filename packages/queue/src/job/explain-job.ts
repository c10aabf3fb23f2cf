import { type ExplanationFacts, isKnownToNone, isNameOfJob } from '@rq/job'
import type { JobContext } from '../context.ts'
import { functionName } from '../enqueue/function-name.ts'
import { type Explanation, explain } from './explanation.ts'

/** See `Job.explain`. Undefined: there is no such job. */
export async function explainJob(jobId: string, context: JobContext): Promise<Explanation | undefined> {
  const facts = await context.storage.jobs.explain(jobId)
  return facts && explain(facts, await unknownName(facts, context))
}

/** The name of a queued job's function, when no worker of its queue knows that. Reads nothing for other references. */
async function unknownName(
  { record, workers }: ExplanationFacts,
  { serializer, storage }: JobContext,
): Promise<string | undefined> {
  if (record.status !== 'queued' || workers === 0) return undefined
  const name = functionName(record, serializer)
  if (name === null || !isNameOfJob(name)) return undefined
  return isKnownToNone(name, await storage.workers.namesInUse(record.origin)) ? name : undefined
}
