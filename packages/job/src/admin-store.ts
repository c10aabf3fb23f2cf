import type { WorkerCommand } from './worker-store.ts'

/** The side of a store for operators: what concerns all workers. Every method is one atomic step. */
export interface AdminStore {
  /** Stop all claims, for `durationS` seconds; by default until {@link resume}. Running jobs continue. */
  suspend(durationS?: number): Promise<void>
  /** End a suspension. */
  resume(): Promise<void>
  isSuspended(): Promise<boolean>
  /** Whether any program on the network may use the store, as far as its address and options show. */
  readonly isUnprotected: boolean
  /** Sentences about settings of the store that can lose jobs; empty if the settings cannot be read. */
  warnings(): Promise<readonly string[]>
  /** Send a command to a worker. Not acknowledged: a worker that is not connected misses it. */
  sendCommand(workerName: string, command: WorkerCommand): Promise<void>
}
