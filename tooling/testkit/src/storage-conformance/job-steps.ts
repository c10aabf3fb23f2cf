import { newId } from '@rq/core'
import {
  type Claimed,
  type ClaimRequest,
  type JobRecord,
  type NewJob,
  type Outcome,
  type RecoverRequest,
  type SettleAnswer,
  type SettleDefaults,
  type Storage,
  settle,
  type WorkerIdentity,
  type WorkerStore,
} from '@rq/job'

/** Make a job as a producer does. */
export function newJob(record: Partial<JobRecord> = {}, place: Partial<Omit<NewJob, 'record'>> = {}): NewJob {
  return {
    record: {
      id: newId(),
      origin: 'default',
      status: 'created',
      data: '["jobs#work",null,[1],{}]',
      createdAtMs: 1_790_000_000_000,
      timeoutS: 180,
      description: 'jobs#work(1)',
      results: 'hash',
      ...record,
    },
    atFront: false,
    unique: false,
    ...place,
  }
}

/** Make a worker as it registers. */
export function newWorker(facts: Partial<WorkerIdentity> = {}): WorkerIdentity {
  const known = { name: 'worker', queues: ['default'], pid: 1, hostname: 'h', version: '1', instance: 'i', ttlS: 480 }
  return { ...known, ...facts }
}

export function claimRequest(request: Partial<ClaimRequest> = {}): ClaimRequest {
  return { queues: ['default'], want: 10, workerName: 'worker', leaseMs: 15_000, ...request }
}

/** Take jobs over whose leases have ended. */
export async function rescue(workers: WorkerStore, request: Partial<RecoverRequest> = {}): Promise<readonly Claimed[]> {
  const facts = { queue: 'default', workerName: 'rescuer', leaseMs: 15_000, most: 10, ...request }
  return (await workers.recover(facts)).jobs
}

export const TIMES = { startedAtMs: 1_790_000_001_000, endedAtMs: 1_790_000_002_000 }
export const RETURNED = { kind: 'returned', value: '42', ...TIMES } as const satisfies Outcome
export const RAISED = { kind: 'raised', error: 'Error: no\n    at work', ...TIMES } as const satisfies Outcome

/** Claim the waiting jobs and end all of them in the same way. */
export async function workOff(
  storage: Storage,
  outcome: Outcome,
  queues = ['default'],
  defaults: SettleDefaults = {},
): Promise<SettleAnswer[]> {
  const { jobs } = await storage.workers.claim(claimRequest({ queues }))
  return end(storage, jobs, outcome, defaults)
}

export async function end(
  storage: Storage,
  jobs: readonly Claimed[],
  outcome: Outcome,
  defaults: SettleDefaults = {},
): Promise<SettleAnswer[]> {
  const settlements = jobs.map(({ job, executionId, hint }) => settle(job, executionId, outcome, { ...defaults, hint }))
  return [...(await storage.workers.settle('worker', settlements)).answers]
}
