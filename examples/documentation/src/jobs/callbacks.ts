import type { Connection, Job } from 'rq'
import { getCurrentJob } from 'rq'

/** Called in the worker after the job has succeeded. */
export function reportSuccess(job: Job, _connection: Connection, result: unknown): void {
  process.stderr.write(`success of ${job.id}: ${result}\n`)
}

/** `type` is the name of the error's class, `traceback` its stack. */
export function reportFailure(job: Job, _connection: Connection, type: string, value: Error, traceback: string): void {
  process.stderr.write(`failure of ${job.id}: ${type}, ${value.message}, ${traceback.split('\n').length} lines\n`)
}

export function reportStopped(job: Job, _connection: Connection): void {
  process.stderr.write(`stop of ${job.id}\n`)
}

/** Runs until it is stopped. */
export async function waitForever(): Promise<void> {
  const signal = getCurrentJob()?.signal
  await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
}
