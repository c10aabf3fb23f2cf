import type { CronJobRecord, CronSchedulerRecord } from '@rq/job'

/** A cron job as its scheduler describes it in the store. It cannot be enqueued from here. */
export class CronJobInfo {
  readonly name: string
  readonly funcName: string
  readonly queueName: string
  /** JSON as it was stored, or a placeholder for values that JSON cannot hold; null when there are no arguments. */
  readonly args: string | null
  readonly kwargs: string | null
  /** Seconds; null for one with a cron expression. */
  readonly interval: number | null
  readonly cron: string | null
  readonly timezone: string | null
  readonly latestEnqueueTime: Date | null
  readonly nextEnqueueTime: Date | null
  /** Options of its jobs by RQ's names: `job_timeout`, `result_ttl`, ... */
  readonly options: Readonly<Record<string, unknown>>

  constructor(record: CronJobRecord) {
    this.name = record.name
    this.funcName = record.funcName
    this.queueName = record.queueName
    this.args = record.args
    this.kwargs = record.kwargs
    this.interval = record.intervalS
    this.cron = record.cron
    this.timezone = record.timezone ?? null
    this.latestEnqueueTime = record.latestMs === null ? null : new Date(record.latestMs)
    this.nextEnqueueTime = record.nextMs === null ? null : new Date(record.nextMs)
    this.options = record.options
  }
}

/** A cron scheduler as it describes itself in the store; Python's too. */
export class CronSchedulerInfo {
  readonly name: string
  readonly hostname: string
  readonly pid: number
  readonly createdAt: Date
  /** Empty when it was not started from a file. */
  readonly configFile: string
  /** Null when the scheduler has left. */
  readonly lastHeartbeat: Date | null
  readonly #jobs: readonly CronJobInfo[]

  constructor(record: CronSchedulerRecord & { readonly lastHeartbeatMs?: number }) {
    this.name = record.name
    this.hostname = record.hostname
    this.pid = record.pid
    this.createdAt = new Date(record.createdAtMs)
    this.configFile = record.configFile
    this.lastHeartbeat = record.lastHeartbeatMs === undefined ? null : new Date(record.lastHeartbeatMs)
    this.#jobs = record.jobs.map((job) => new CronJobInfo(job))
  }

  getJobs(): readonly CronJobInfo[] {
    return this.#jobs
  }

  toString(): string {
    return `<CronScheduler ${this.name}>`
  }
}
