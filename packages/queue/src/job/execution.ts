import type { JobContext } from '../context.ts'
import { dateOf } from '../when.ts'

/** A run of a job that has not ended. */
export interface Execution {
  readonly id: string
  readonly jobId: string
  /** When the lease of the worker ends, unless it renews it. */
  readonly leaseEndsAt: Date
  readonly workerName: string | undefined
  /** Undefined until the first heartbeat of the worker for this execution, some seconds after its start. */
  readonly lastHeartbeat: Date | undefined
}

/** Read the runs of a job that have not ended. */
export async function fetchExecutions(jobId: string, { storage }: JobContext): Promise<Execution[]> {
  const executions = await storage.jobs.executions(jobId)
  return executions.map((execution) => ({
    id: execution.id,
    jobId: execution.jobId,
    workerName: execution.workerName,
    leaseEndsAt: new Date(execution.leaseEndsMs),
    lastHeartbeat: dateOf(execution.lastHeartbeatMs),
  }))
}
