/** What a program needs that only enqueues jobs: `rq/client`. It loads no worker. All of it is in `rq`, too. */

export { RqError } from '@rq/core'
export { type EnqueueOptions, ref } from '@rq/job'
export type { ClientOf, DefinedJob } from '@rq/jobs'
export type { ConnectionOptions } from './connection.ts'
export { jobsClient } from './jobs.ts'
export { Queue, type QueueOptions } from './queue.ts'
