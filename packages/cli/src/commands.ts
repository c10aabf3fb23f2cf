import type { Command } from './command.ts'
import { cancel } from './commands/cancel.ts'
import { completion } from './commands/completion.ts'
import { configure } from './commands/configure.ts'
import { cron } from './commands/cron.ts'
import { deleteJob } from './commands/delete.ts'
import { doctor } from './commands/doctor.ts'
import { empty } from './commands/empty.ts'
import { enqueue } from './commands/enqueue.ts'
import { info } from './commands/info.ts'
import { job } from './commands/job.ts'
import { jobs } from './commands/jobs.ts'
import { requeue } from './commands/requeue.ts'
import { resume } from './commands/resume.ts'
import { scheduler } from './commands/scheduler.ts'
import { schedules } from './commands/schedules.ts'
import { stop } from './commands/stop.ts'
import { suspend } from './commands/suspend.ts'
import { worker } from './commands/worker.ts'
import { workerPause } from './commands/worker-pause.ts'
import { workerPool } from './commands/worker-pool.ts'
import { workerResume } from './commands/worker-resume.ts'

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  worker,
  workerPool,
  scheduler,
  cron,
  schedules,
  enqueue,
  info,
  jobs,
  job,
  doctor,
  requeue,
  empty,
  configure,
  cancel,
  stop,
  deleteJob,
  suspend,
  resume,
  workerPause,
  workerResume,
  completion,
]
