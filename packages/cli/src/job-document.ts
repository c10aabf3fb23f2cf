import type { Job } from 'rq'
import { jsonValue } from './output/shown-value.ts'

/** A job as `--json` lists it. Times are ISO 8601 in UTC, durations are seconds, absent values are null. */
export function jobSummary(job: Job, status: string) {
  const call = jobCall(job)
  return {
    id: job.id,
    queue: job.origin,
    status,
    function: call.func,
    args: call.args,
    kwargs: call.kwargs,
    /** Why the call cannot be read: another serializer wrote it, or it is damaged. */
    unreadable: call.unreadable,
    description: job.description ?? null,
    ...metaOf(job),
    timeout: job.timeout ?? null,
    resultTtl: job.resultTtl ?? null,
    ttl: job.ttl ?? null,
    failureTtl: job.failureTtl ?? null,
    worker: job.workerName ?? null,
    group: job.groupId ?? null,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    retriesLeft: job.retriesLeft ?? null,
    repeatsLeft: job.repeatsLeft ?? null,
    uniqueKey: job.uniqueKey ?? null,
    createdAt: isoOf(job.createdAt),
    enqueuedAt: isoOf(job.enqueuedAt),
    startedAt: isoOf(job.startedAt),
    endedAt: isoOf(job.endedAt),
    lastHeartbeat: isoOf(job.lastHeartbeat),
  }
}

/** Everything about one job; reads its dependencies, executions and results from Redis. */
export async function jobDocument(job: Job) {
  const [status, position, dependencies, dependents, executions, results] = await Promise.all([
    job.getStatus(),
    job.getPosition(),
    job.fetchDependencies(),
    job.getDependentIds(),
    job.getExecutions(),
    job.results(),
  ])
  const there = new Map(
    await Promise.all(dependencies.map(async (one) => [one.id, await one.getStatus({ refresh: false })] as const)),
  )
  return {
    ...jobSummary(job, status),
    position,
    /** `status` is null if the job was deleted. */
    dependencies: job.dependencyIds.map((id) => ({ id, status: there.get(id) ?? null })),
    dependents,
    executions: executions.map(({ id, leaseEndsAt }) => ({ id, leaseEndsAt: isoOf(leaseEndsAt) })),
    /** Newest first. */
    results: results.map((result) => ({
      type: result.type,
      createdAt: isoOf(result.createdAt),
      ...returnedBy(() => result.returnValue),
      error: result.excString ?? null,
      worker: result.workerName ?? null,
      executionId: result.executionId ?? null,
      startedAt: isoOf(result.executionStartedAt),
      endedAt: isoOf(result.executionEndedAt),
    })),
  }
}

export type JobDocument = Awaited<ReturnType<typeof jobDocument>>

export function isoOf(date: Date | undefined | null): string | null {
  return date === undefined || date === null || Number.isNaN(date.getTime()) ? null : date.toISOString()
}

/** Its call as JSON, or why it cannot be read. */
export function jobCall(job: Job) {
  try {
    return { func: job.funcName, args: jsonValue(job.args), kwargs: jsonValue(job.kwargs), unreadable: null }
  } catch (error) {
    return { func: null, args: null, kwargs: null, unreadable: messageOf(error) }
  }
}

/** Null where it was too large to be read. */
function metaOf(job: Job): { meta: unknown; metaUnreadable: string | null } {
  try {
    return { meta: jsonValue(job.meta), metaUnreadable: null }
  } catch (error) {
    return { meta: null, metaUnreadable: messageOf(error) }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function returnedBy(read: () => unknown): { returnValue: unknown; unreadable: string | null } {
  try {
    return { returnValue: jsonValue(read()), unreadable: null }
  } catch (error) {
    return { returnValue: null, unreadable: messageOf(error) }
  }
}
