import { type DefineJobs, type JobsClient, jobsClientMaker, jobsDefiner } from '@rq/jobs'
import { QUEUE_NAMES, Queue, type QueueOptions } from './queue.ts'

const makeQueue = (name: string, options: QueueOptions): Queue => new Queue(name, options)

/**
 * Define jobs by name: their inputs, queues, options and functions. A worker takes the module that exports them
 * (`rq-cli worker --jobs ./jobs.js`), and programs enqueue them with types and checks: `jobs.sendMail.enqueue(input)`.
 * @throws RqError `RQ_INVALID_OPTION` for what an enqueue or a worker would refuse. Does not connect.
 */
export const defineJobs: DefineJobs<QueueOptions> = jobsDefiner<QueueOptions>(makeQueue, QUEUE_NAMES)

/**
 * Enqueue the jobs of a module elsewhere. With types only, nothing of the module is imported:
 * `jobsClient<typeof jobs>({ connection })`. With the module at hand, inputs are checked: `jobsClient(jobs, options)`.
 * Connects at the first enqueue.
 * @throws RqError `RQ_INVALID_OPTION`.
 */
export const jobsClient: JobsClient<QueueOptions> = jobsClientMaker<QueueOptions>(makeQueue, QUEUE_NAMES)
