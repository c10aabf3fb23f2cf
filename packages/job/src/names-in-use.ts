import { parseFunctionRef } from './function-ref.ts'
import type { WorkerRecord } from './worker-store.ts'

/** Which jobs a worker knows by name, as its record shows. */
export type NamesOfWorker = Pick<WorkerRecord, 'name' | 'jobNames' | 'moreJobNames'>

/** Who uses names of jobs in a queue. */
export interface NamesInUse {
  /** Schedules that have a next tick, soonest first, 250 at most; `funcName`: the reference of their function. */
  readonly schedules: readonly { readonly name: string; readonly funcName: string }[]
  /** How many workers serve the queue. */
  readonly workerCount: number
  /** Some of them, 250 at most. */
  readonly workers: readonly NamesOfWorker[]
}

/**
 * Whether no worker of a queue knows a function: its reference is the name of a job, and each worker shows all names
 * that it knows, without this one. A worker that shows none may know it, as one of Python RQ. False for no workers.
 */
export function isKnownToNone(funcName: string, { workerCount, workers }: Omit<NamesInUse, 'schedules'>): boolean {
  if (workers.length === 0 || workers.length < workerCount || !isNameOfJob(funcName)) return false
  return workers.every(({ jobNames, moreJobNames = 0 }) => {
    return jobNames !== undefined && moreJobNames === 0 && !jobNames.includes(funcName)
  })
}

/** Whether a reference can only be the name of a job: one word. */
export function isNameOfJob(reference: string): boolean {
  try {
    return parseFunctionRef(reference).kind === 'name'
  } catch {
    return false
  }
}
