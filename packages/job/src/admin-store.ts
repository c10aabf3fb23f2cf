import type { WorkerCommand } from './worker-store.ts'

/** What people and deploy scripts do to all workers. */
export interface AdminStore {
  /** Stop handing out jobs on all queues; for ever, or for `durationS`. */
  suspend(durationS?: number): Promise<void>
  resume(): Promise<void>
  isSuspended(): Promise<boolean>
  /** What in the settings of the store can lose jobs, as sentences for people. Empty where it does not let itself be looked at. */
  warnings(): Promise<readonly string[]>
  /** Send a command to a worker. Not acknowledged: a worker that is not there misses it. */
  sendCommand(workerName: string, command: WorkerCommand): Promise<void>
}
