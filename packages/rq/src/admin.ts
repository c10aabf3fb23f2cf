import { checkOptionNames, type DurationLike, durationS, invalidOption } from '@rq/core'
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
