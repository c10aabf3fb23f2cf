import { invalidOption } from '@rq/core'
import type { EnqueueOptions, FunctionRef } from '@rq/job'
import { awaitReturnValue, waitMsOf } from '../job/await-result.ts'
import type { WaitOptions } from '../job/job.ts'
import { enqueueCall } from './enqueue-call.ts'
import { functionsOf } from './known-functions.ts'
import { AT_ONCE, newJobOf } from './new-job.ts'
import { checkRest } from './new-record.ts'
import type { Producer } from './producer.ts'

/** The options of `enqueueAndWait`: those of a job, and how long to wait. Default: until the job has ended. */
export interface EnqueueAndWaitOptions extends Omit<EnqueueOptions, 'pipeline'>, WaitOptions {}

/** Enqueue one call and wait for its end in the same call of the store. @throws as `queue.enqueueAndWait`. */
export async function enqueueAndWait<R>(producer: Producer, func: FunctionRef, rest: readonly unknown[]): Promise<R> {
  const { calls, context, sender, signer } = producer
  const { timeout, ...given } = (rest[1] ?? {}) as EnqueueOptions & WaitOptions
  const timeoutMs = waitMsOf(timeout)
  const options = producer.optionsOf(given)
  if (given.pipeline !== undefined)
    throw invalidOption('pipeline', {}, 'none: a job in a pipeline cannot be waited for')
  // It may be another job that is waited for: the one that holds the key.
  if (typeof options.unique === 'object') {
    const job = await enqueueCall<R>(producer, func, [rest[0], given], AT_ONCE)
    return job.result(timeout === undefined ? {} : { timeout })
  }
  const made = calls.make(func, checkRest(rest), options, producer.recordDefaults)
  const { jobs } = context.storage
  const told = jobs.waiter()
  const mustWait = made instanceof Promise || told instanceof Promise
  const [call, waiter] = mustWait ? await calls.inOrder(Promise.all([made, told])) : [made, told]
  const { names, record, stored } = call
  signer?.sign(stored)
  const hasNewId = options.id === undefined
  const looksFirst = !hasNewId || record.results === 'stream'
  const job = { ...newJobOf(stored, options, hasNewId, AT_ONCE), waiter }
  // Before the call is sent: the notice may come before its reply.
  const end = jobs.expectEnd(record.id)
  try {
    await sender.send(job, undefined, () => functionsOf(func, options, names))
    return await awaitReturnValue<R>(record.id, context, timeoutMs, (waitMs) => end.wait(waitMs, looksFirst))
  } finally {
    end.stop()
  }
}
