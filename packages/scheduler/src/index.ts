export { CronJob, type HistoryRange } from './cron-job.ts'
export { type CronOptions, type CronRuleOptions, OVERLAP, type Overlap } from './cron-options.ts'
export { cron } from './cron-registry.ts'
export {
  CRON_SCHEDULER_OPTION_NAMES,
  CronScheduler,
  type CronSchedulerOptions,
  type CronSchedulersOptions,
  type LoadConfigOptions,
} from './cron-scheduler.ts'
export { CronJobInfo, CronSchedulerInfo } from './cron-scheduler-info.ts'
export { CATCH_UP, type CatchUp } from './due-ticks.ts'
export { onCron, type Recurrence } from './recurrence.ts'
export { SCHEDULER_OPTION_NAMES, Scheduler, type SchedulerOptions, type SchedulerQueue } from './scheduler.ts'
export { SchedulerInfo } from './scheduler-info.ts'
export {
  Schedule,
  type ScheduleListOptions,
  type ScheduleOptions,
  type SchedulePlace,
} from './schedules/schedule.ts'
export type { ScheduleCode, ScheduleExplanation } from './schedules/schedule-explanation.ts'
export { ScheduleInfo } from './schedules/schedule-info.ts'
export type { ScheduleFilter } from './schedules/schedule-list.ts'
export type { SyncedSchedule, SyncOptions, SyncOutcome } from './schedules/schedule-sync.ts'
export type { ScheduleTimes } from './schedules/schedule-times.ts'
