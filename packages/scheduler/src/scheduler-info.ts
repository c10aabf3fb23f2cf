import type { SchedulerRecord } from '@rq/job'

/** A scheduler as it describes itself in the store; Python's too. */
export class SchedulerInfo {
  readonly name: string
  readonly hostname: string
  readonly pid: number
  /** The queues that it serves, whether it leads them or not. */
  readonly queueNames: readonly string[]
  readonly createdAt: Date
  readonly lastHeartbeat: Date | null

  constructor(record: SchedulerRecord) {
    this.name = record.name
    this.hostname = record.hostname
    this.pid = record.pid
    this.queueNames = record.queues
    this.createdAt = new Date(record.createdAtMs)
    this.lastHeartbeat = record.lastHeartbeatMs === undefined ? null : new Date(record.lastHeartbeatMs)
  }

  toString(): string {
    return `<Scheduler ${this.name}>`
  }
}
