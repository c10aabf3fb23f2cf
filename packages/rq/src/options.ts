/**
 * The tables of options, for command lines and configuration files. This entry loads no client of Redis, so that
 * `--help` is quick.
 */
export { DEFAULT_QUEUE_NAME, ENQUEUE_OPTIONS, LIMIT_OPTIONS, UNIQUE_UNTIL } from '@rq/job'
export { DEFAULT_PREFIX, DEFAULT_URL, URL_VARIABLES } from '@rq/redis/url'
export { SCHEDULER_OPTIONS } from '@rq/scheduler/options'
export {
  POOL_OPTIONS,
  UNKNOWN_FUNCTION_OPTIONS,
  WEBHOOK_OPTIONS,
  WORK_OPTIONS,
  WORKER_OPTIONS,
} from '@rq/worker/options'
