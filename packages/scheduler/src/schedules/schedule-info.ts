import type { JobStatus, ListedSchedule } from '@rq/job'
import { ScheduleView } from './schedule-view.ts'

/** A schedule in a list. It shows what was read then. */
export class ScheduleInfo extends ScheduleView {
  /** The newest job that it has enqueued; null when there is none. `status`: null when that job is gone. */
  readonly lastJob: { readonly id: string; readonly status: JobStatus | null } | null

  /** Use `Schedule.list`. */
  constructor({ lastJob, ...facts }: ListedSchedule) {
    super(facts)
    this.lastJob = lastJob === undefined ? null : { id: lastJob.id, status: lastJob.status ?? null }
  }
}
