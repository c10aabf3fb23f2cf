import {
  checkKnownName,
  checkOptionNames,
  type DurationLike,
  durationS,
  invalidOption,
  oneLine,
  RqError,
} from '@rq/core'
import type { StopOptions } from '@rq/queue'
import type { Connection, RedisStorage } from '@rq/redis'
import { type ConnectionOptions, checkNames, sharedStorage } from './connection.ts'
import { Job } from './job-and-group.ts'

/** A connection, or options with a connection and a prefix. */
export type Where = Connection | ConnectionOptions

/**
 * Suspend all workers of this Redis: they claim no jobs, for `duration`; by default until {@link resume}. Running jobs
 * continue.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export async function suspend(where: Where, options: { duration?: DurationLike } = {}): Promise<void> {
  const { duration } = checkOptionNames(options, { duration: true }, 'suspend')
  const durationInS = duration === undefined ? undefined : durationS(duration, 'duration')
  if (durationInS === 0) throw invalidOption('duration', duration, 'at least 1 second')
  await adminOf(where).suspend(durationInS)
}

/** Resume suspended workers. */
export async function resume(where: Where): Promise<void> {
  await adminOf(where).resume()
}

/** Whether the workers of this Redis are suspended. */
export async function isSuspended(where: Where): Promise<boolean> {
  return adminOf(where).isSuspended()
}

/** Ask a worker to finish its running jobs and exit. Not acknowledged. */
export async function sendShutdownCommand(where: Where, workerName: string): Promise<void> {
  await adminOf(where).sendCommand(workerName, { command: 'shutdown' })
}

/** Kill the work horses of a worker. Their jobs fail, or are retried if they have retries left. Not acknowledged. */
export async function sendKillHorseCommand(where: Where, workerName: string): Promise<void> {
  await adminOf(where).sendCommand(workerName, { command: 'kill-horse' })
}

/**
 * Ask the worker that runs a job to stop it: its status becomes `stopped` and it is not retried. Not acknowledged.
 * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when no worker runs it.
 */
export async function sendStopJobCommand(where: Where, jobId: string, options: StopOptions = {}): Promise<void> {
  const job = await Job.fetch(jobId, optionsOf(where))
  await job.stop(options)
}

/** What {@link sendPauseCommand} and {@link sendResumeCommand} take. */
export interface PauseCommandOptions {
  /** One of the queues of the worker. Default: all. */
  readonly queue?: string
}

/**
 * Ask one worker to claim no more jobs of a queue, by default of all, until it is resumed or its process ends. Running
 * jobs go on. Other workers are not affected: see {@link suspend} and `queue.pause()`. Not acknowledged: the worker's
 * record shows in `paused` that it has heard it.
 * @throws RqError `RQ_NO_SUCH_WORKER`; `RQ_INVALID_OPERATION` for a worker of Python RQ, which knows no such command;
 *   `RQ_INVALID_OPTION` for a queue that the worker does not serve. Nothing is sent then.
 */
export async function sendPauseCommand(
  where: Where,
  workerName: string,
  options: PauseCommandOptions = {},
): Promise<void> {
  await sendToOurs(where, workerName, 'pause', checkOptionNames(options, { queue: true }, 'sendPauseCommand'))
}

/** Ask one worker to claim jobs of a queue again, by default of all. @throws as {@link sendPauseCommand}. */
export async function sendResumeCommand(
  where: Where,
  workerName: string,
  options: PauseCommandOptions = {},
): Promise<void> {
  await sendToOurs(where, workerName, 'resume', checkOptionNames(options, { queue: true }, 'sendResumeCommand'))
}

async function sendToOurs(
  where: Where,
  workerName: string,
  command: 'pause' | 'resume',
  { queue }: PauseCommandOptions,
): Promise<void> {
  const { admin, workers } = sharedStorage(optionsOf(where))
  const worker = await workers.worker(checkKnownName(workerName, 'workerName'))
  const name = oneLine(workerName)
  if (worker === undefined) {
    const message = `There is no worker named '${name}': rq-cli info lists the workers.`
    throw new RqError('RQ_NO_SUCH_WORKER', message)
  }
  if (worker.isPython) {
    const message = `Worker '${name}' is a worker of Python RQ, which cannot pause by itself. Suspend all workers, or pause the queue for workers of rq.`
    throw new RqError('RQ_INVALID_OPERATION', message)
  }
  if (queue !== undefined && !worker.queues.includes(queue)) {
    throw invalidOption(
      'queue',
      queue,
      `a queue that worker '${name}' serves: ${worker.queues.map((one) => oneLine(one)).join(', ')}`,
    )
  }
  await admin.sendCommand(workerName, queue === undefined ? { command } : { command, queue })
}

function adminOf(where: Where): RedisStorage['admin'] {
  return sharedStorage(optionsOf(where)).admin
}

/** Only our options have a `connection` or a `prefix`; everything else is a connection. */
export function optionsOf(where: Where): ConnectionOptions {
  if (typeof where === 'object' && ('connection' in where || 'prefix' in where)) {
    return checkNames(where as ConnectionOptions, { connection: true, prefix: true }, 'this function')
  }
  return { connection: where as Connection }
}
