import { getCurrentJob } from '../src/index.ts'
import { noted } from './functions.ts'

/** Returns what it is given, with a mark: what a result is not what an argument was. */
export const returned = (secret: string): string => `${secret} returned`

export function failed(secret: string): never {
  throw new RangeError(`${secret} failed`, { cause: new Error(`${secret} caused it`) })
}

/** Saves meta, and returns what it and the job's handle say of the arguments. */
export async function remembered(secret: string): Promise<unknown> {
  const job = getCurrentJob()
  if (job === undefined) throw new Error('no current job')
  const { before } = job.meta
  job.meta.seen = `${secret} seen`
  await job.saveMeta()
  await job.refresh()
  return { args: job.args, before, seen: job.meta.seen }
}

export const unwritable = (secret: string): unknown => new Map([[secret, () => {}]])

interface Seen {
  readonly args: readonly unknown[]
  readonly meta: unknown
}

/** Notes what a callback can see. */
export function onEnd(job: Seen, _connection: unknown, ...rest: readonly unknown[]): void {
  noted.push([job.args, job.meta, ...rest.map((one) => (one instanceof Error ? one.message : one))])
}

/** As an exception handler. */
export function onError(job: Seen, error: Error): void {
  noted.push([job.args, error.name, error.message, error.cause])
  throw error
}
