import { type ExplanationFacts, isJobStatus } from '@rq/job'
import type { ReplyOf } from '../connection/script.ts'
import type { explain } from '../connection/scripts.generated.ts'
import { decodeJob } from './job-codec.ts'
import { scoreMs } from './time.ts'
import { readHold } from './worker-codec.ts'

/** Decode the reply of explain.lua. Undefined if there is no such job. */
export function decodeExplanation(jobId: string, reply: ReplyOf<typeof explain>): ExplanationFacts | undefined {
  if (reply.length === 0) return undefined
  const [fields, position, due, suspended, paused, workers, pausedWorkers, heldBy, ...rest] = reply
  const [dependencies, slotHolders, waitingBefore, releasing, hasScheduler, nowMs, refusal] = rest
  const record = decodeJob(jobId, fields)
  if (record === undefined) return undefined
  return {
    record,
    position,
    ...(due !== null && { dueMs: scoreMs(String(due)) }),
    dependencies: decodeDependencies(dependencies),
    slotHolders: slotHolders.map(holderOf),
    waitingBefore,
    releasing: releasing === 1,
    suspended: suspended === 1,
    paused: paused === 1,
    workers,
    pausedWorkers,
    heldBy: decodeHolders(heldBy),
    hasScheduler: hasScheduler === 1,
    nowMs,
    ...(refusal !== null && { refusal: String(refusal) }),
  }
}

/** Decode names of workers, reasons and times in turn. */
function decodeHolders(flat: readonly Buffer[]): ExplanationFacts['heldBy'] {
  const holders: ExplanationFacts['heldBy'][number][] = []
  for (let at = 0; at + 2 < flat.length; at += 3) {
    const hold = readHold(String(flat[at + 1]), String(flat[at + 2]))
    if (hold !== undefined) holders.push({ worker: String(flat[at]), ...hold })
  }
  return holders.sort((a, b) => (a.worker < b.worker ? -1 : 1))
}

/** The job that holds a slot, or whose execution has held it since the job was canceled, replaced or deleted. */
function holderOf(name: Buffer): string {
  return String(name).replace(/:.*$/s, '')
}

/** Decode ids and statuses in turn. An empty status means that there is no such job. */
function decodeDependencies(flat: readonly Buffer[]): ExplanationFacts['dependencies'] {
  const dependencies: ExplanationFacts['dependencies'][number][] = []
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const status = String(flat[at + 1])
    dependencies.push({ id: String(flat[at]), status: isJobStatus(status) ? status : undefined })
  }
  return dependencies.sort((a, b) => (a.id < b.id ? -1 : 1))
}
