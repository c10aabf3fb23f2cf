import type { QueueCounts } from 'rq'
import { isoOf } from './job-document.ts'
import type { Session } from './session.ts'

/** A queue as `info --json` shows it. */
export interface QueueInfo {
  readonly name: string
  /** Number of queued jobs. */
  readonly count: number
  readonly executing: number
  readonly finished: number
  readonly failed: number
  readonly deferred: number
  readonly scheduled: number
  readonly canceled: number
  /** Number of jobs that wait for a slot of a rate limit. */
  readonly rateLimited: number
  /** Whether the queue is paused. */
  readonly paused: boolean
  /** How long the next job has waited, in seconds; null if none waits. */
  readonly oldestQueuedSeconds: number | null
}

interface HeldQueueInfo {
  readonly queue: string
  readonly reason: 'no' | 'failed'
  readonly since: string | null
}

/** A worker as `info --json` shows it. Times are ISO 8601 in UTC. */
export interface WorkerInfo {
  readonly name: string
  readonly hostname: string
  readonly pid: number
  readonly version: string
  readonly state: string
  readonly queues: readonly string[]
  /** Its queues that are paused for this worker. */
  readonly paused: readonly string[]
  /** Its queues that its `canClaim` held back when it was asked last: it said `no`, or it `failed`. */
  readonly held: readonly HeldQueueInfo[]
  readonly currentJob: string | null
  readonly successfulJobCount: number
  readonly failedJobCount: number
  /** Time spent running jobs, in seconds. */
  readonly totalWorkingTime: number
  readonly birth: string | null
  readonly lastHeartbeat: string | null
  readonly shutdownRequested: string | null
  /** The names of the jobs that it knows by its options `jobs` and `functions`; null if it shows none. */
  readonly jobNames: readonly string[] | null
  /** How many names are not in `jobNames`. */
  readonly moreJobNames: number
}

export interface InfoDocument {
  readonly queues: readonly QueueInfo[]
  readonly workers: readonly WorkerInfo[]
  readonly totals: { readonly queues: number; readonly jobs: number; readonly workers: number }
  readonly suspended: boolean
  readonly updatedAt: string
}

/** Read the state of all queues and workers, or of the named queues and the workers that serve one of them. */
export async function readInfo(session: Session, names: readonly string[]): Promise<InfoDocument> {
  // Before all else: a word that is no name is refused, and nothing is sent.
  const queueNames = (await session.queues(names, 'queues')).map(({ name }) => name)
  const [queues, workers, suspended] = await Promise.all([
    queuesOf(session, queueNames),
    workersOf(session, names),
    session.rq.isSuspended(session.where),
  ])
  const jobs = queues.reduce((sum, { count }) => sum + count, 0)
  return {
    queues,
    workers,
    totals: { queues: queues.length, jobs, workers: workers.length },
    suspended,
    updatedAt: new Date().toISOString(),
  }
}

async function queuesOf({ rq, where }: Session, names: readonly string[]): Promise<QueueInfo[]> {
  const counts = await rq.Queue.counts(names, where)
  return names.map((name, index) => queueInfo(name, counts[index] as QueueCounts))
}

function queueInfo(name: string, { queued, started, ...others }: QueueCounts): QueueInfo {
  return { name, count: queued, executing: started, ...others }
}

async function workersOf({ rq, where }: Session, names: readonly string[]): Promise<WorkerInfo[]> {
  const records = await rq.Worker.all(where)
  return records
    .filter(({ queues }) => names.length === 0 || queues.some((queue) => names.includes(queue)))
    .map((record) => ({
      name: record.name,
      hostname: record.hostname,
      pid: record.pid,
      version: record.version,
      state: record.state,
      queues: record.queues,
      paused: record.paused,
      held: record.held.map(({ queue, reason, sinceMs }) => ({ queue, reason, since: isoOf(new Date(sinceMs)) })),
      currentJob: record.currentJobId ?? null,
      successfulJobCount: record.successfulJobCount,
      failedJobCount: record.failedJobCount,
      totalWorkingTime: record.totalWorkingTimeS,
      birth: isoOf(new Date(record.birthMs)),
      lastHeartbeat: isoOf(new Date(record.lastHeartbeatMs)),
      shutdownRequested: record.shutdownRequestedMs === undefined ? null : isoOf(new Date(record.shutdownRequestedMs)),
      jobNames: record.jobNames ?? null,
      moreJobNames: record.moreJobNames ?? 0,
    }))
}
