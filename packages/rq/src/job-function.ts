import { type JobDecorator, jobDecorator } from '@rq/queue'
import { QUEUE_NAMES, Queue, type QueueOptions } from './queue.ts'

/**
 * RQ's `@job` decorator: `export const add = job('low', { timeout: 5 })((x: number, y: number) => x + y)`, then
 * `await add.delay(3, 4)` enqueues a call. `add(3, 4)` still calls the function.
 */
export const job: JobDecorator<QueueOptions> = jobDecorator<QueueOptions>(
  (name, options) => new Queue(name, options),
  QUEUE_NAMES,
)
