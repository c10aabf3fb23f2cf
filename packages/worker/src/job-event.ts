import {
  type Claimed,
  isReturn,
  type JobEndEventName,
  type JobRecord,
  type QueueEventName,
  type Settlement,
} from '@rq/job'
import type { Job } from '@rq/queue'

/** The names of the events of a worker that are about a job. */
export type JobEventName = QueueEventName | 'job:vanished' | 'lease_lost'

/** The facts that every event about a job has. */
export interface JobEvent {
  readonly name: JobEventName
  readonly jobId: string
  readonly executionId: string
  readonly queue: string
  /**
   * A handle of the job, made when it is first read. Its fields are those that it had when it was claimed, and at the
   * end of an attempt the status, times and counters that it has now: `await job.refresh()` reads the others, such as
   * meta. Its methods use the connection of the worker, until `work()` has ended. With a codec, the arguments and meta
   * cannot be read here: fetch the job with a queue that has the codec.
   */
  readonly job: Job
}

/** The end of an attempt that was settled. */
export interface JobEndEvent extends JobEvent {
  readonly name: JobEndEventName
  readonly settlement: Settlement
}

/** Makes the handle of a job. It may change the record. */
export type MakeJob = (record: JobRecord) => Job

class ClaimedEvent<Name extends JobEventName> implements JobEvent {
  readonly name: Name
  readonly jobId: string
  readonly executionId: string
  readonly queue: string
  readonly #record: JobRecord
  readonly #makeJob: MakeJob
  #job: Job | undefined

  constructor(name: Name, { executionId, job }: Pick<Claimed, 'executionId' | 'job'>, makeJob: MakeJob) {
    this.name = name
    this.jobId = job.id
    this.executionId = executionId
    this.queue = job.origin
    this.#record = job
    this.#makeJob = makeJob
  }

  get job(): Job {
    this.#job ??= this.#makeJob(this.recordNow(this.#record))
    return this.#job
  }

  /** A copy: the worker goes on with the record. */
  protected recordNow(record: JobRecord): JobRecord {
    return { ...record }
  }
}

class SettledEvent extends ClaimedEvent<JobEndEventName> implements JobEndEvent {
  readonly settlement: Settlement

  constructor(claimed: Claimed, settlement: Settlement, makeJob: MakeJob) {
    super(endEventOf(settlement), claimed, makeJob)
    this.settlement = settlement
  }

  protected override recordNow(record: JobRecord): JobRecord {
    const { changes, endedAtMs, startedAtMs, to } = this.settlement
    return { ...record, ...changes, status: to, startedAtMs, endedAtMs }
  }
}

/** The event of a settlement that is stored. */
export function endEventOf(settlement: Settlement): JobEndEventName {
  const { to, counts } = settlement
  if (to === 'finished' || to === 'failed' || to === 'stopped') return `job:${to}`
  if (isReturn(settlement)) return 'job:returned'
  return counts === 'successful' ? 'job:repeated' : 'job:retried'
}

export function jobEvent(
  name: JobEventName,
  claimed: Pick<Claimed, 'executionId' | 'job'>,
  makeJob: MakeJob,
): JobEvent {
  return new ClaimedEvent(name, claimed, makeJob)
}

export function jobEndEvent(claimed: Claimed, settlement: Settlement, makeJob: MakeJob): JobEndEvent {
  return new SettledEvent(claimed, settlement, makeJob)
}
