import type { Claimed, JobRecord, Lease, StopJobCommand } from '@rq/job'
import { Execution, type ExecutionEnd, type ExecutionParts } from './execution.ts'

export interface ExecutionsOptions extends ExecutionParts {
  /** Called when an execution has ended and is no longer among the others. */
  readonly onEnd: (end: ExecutionEnd) => void
}

/** The jobs of a lane that are leased to this worker, each as an {@link Execution}, in order of claim. */
export class Executions {
  readonly #options: ExecutionsOptions
  readonly #executions = new Map<string, Execution>()
  #bytes = 0

  constructor(options: ExecutionsOptions) {
    this.#options = options
  }

  /** Bytes of the arguments and meta of the jobs, about. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#executions.size
  }

  /** The id of one of the jobs, for the worker's record. */
  get firstJobId(): string | undefined {
    for (const { job } of this.#executions.values()) return job.id
    return undefined
  }

  /** Run jobs that were just claimed. */
  start(jobs: readonly Claimed[]): void {
    for (const execution of this.#add(jobs)) execution.run()
  }

  /** Conclude a job that was taken over from a dead worker. */
  takeOver(claimed: Claimed): void {
    const executions = this.#add([claimed])
    this.#options.log.takenOver(claimed)
    for (const execution of executions) void execution.concludeAbandoned()
  }

  /** Note that another worker owns the job of this execution. */
  lose(executionId: string): void {
    this.#executions.get(executionId)?.lose()
  }

  /** Stop a job. Returns false when it is not here. */
  stop({ executionId, jobId, reason }: StopJobCommand): boolean {
    for (const execution of this.#executions.values()) {
      if (execution.job.id !== jobId || (executionId !== undefined && executionId !== execution.id)) continue
      execution.abort('stopped', reason)
      return true
    }
    return false
  }

  /** Return all jobs that are not being settled, whatever they are doing, to the heads of their queues. */
  giveBackAll(): void {
    for (const execution of this.#executions.values()) void execution.giveBack()
  }

  /**
   * The leases to renew with the heartbeat that is about to be sent: also those of jobs that another worker owns, while
   * they run here. They may hold slots.
   */
  leasesForHeartbeat(): Lease[] {
    const leases: Lease[] = []
    for (const execution of this.#executions.values()) {
      execution.noteHeartbeat()
      leases.push(execution.lease)
    }
    return leases
  }

  #add(jobs: readonly Claimed[]): Execution[] {
    const executions = jobs.map((claimed) => new Execution(claimed, this.#options, this.#noteEnd))
    for (const execution of executions) {
      this.#executions.set(execution.id, execution)
      const bytes = sizeOf(execution.job)
      this.#bytes += bytes
      // The pieces in which they came.
      this.#options.room.garbage.note(bytes)
    }
    this.#options.renewer?.hold(executions)
    return executions
  }

  readonly #noteEnd = (execution: Execution, end: ExecutionEnd): void => {
    const { id, job, keptBytes } = execution
    const { room } = this.#options
    // An execution that was given back may end a second time, when its run does.
    if (!this.#executions.delete(id)) return
    const bytes = sizeOf(job)
    this.#bytes -= bytes
    room.garbage.note(bytes)
    if (keptBytes > 0) room.drop(keptBytes)
    this.#options.renewer?.drop(execution)
    this.#options.onEnd(end)
  }
}

const sizeOf = ({ data, meta }: JobRecord): number => data.length + (meta?.length ?? 0)
