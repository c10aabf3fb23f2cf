import { OURS } from './subjects.ts'

/**
 * The targets. `figure` is ours, as `measurement.figure`.
 *
 * - With `over`, the figure of another library (or another one of ours): how many times better ours has to be.
 * - With `scaled`: our figure on a machine where that of another library is `value`.
 * - With neither: our figure as it is.
 */
export interface Target {
  readonly what: string
  readonly figure: string
  readonly over?: { readonly subject: string; readonly figure: string }
  readonly scaled?: { readonly subject: string; readonly value: number }
  readonly least?: number
  readonly most?: number
}

const than = (what: string, figure: string, subject: string, least: number, other = figure): Target => ({
  what,
  figure,
  over: { subject, figure: other },
  least,
})

/** What BullMQ's jobs cost on the machine that the limits of CPU are for, in microseconds per job. */
const BULLMQ_REDIS_US = 117
const BULLMQ_NODE_US = 131

export const TARGETS: readonly Target[] = [
  than('enqueue one by one', 'enqueue-one.rate', 'bullmq', 1.5),
  than('enqueue 1000 at once', 'enqueue-concurrent.rate', 'bullmq', 4),
  than('enqueue 1000 at once', 'enqueue-concurrent.rate', 'bee-queue', 1),
  than('enqueue lists of 1000', 'enqueue-bulk.rate', 'bullmq', 6),
  than('process 1 at a time', 'process-1.rate', 'bullmq', 5),
  than('process 50 at a time', 'process-50.rate', 'bullmq', 4),
  than('2 child processes', 'isolated-process-2.rate', 'bullmq', 8),
  than('2 child processes, BullMQ inline', 'isolated-process-2.rate', 'bullmq', 2, 'process-50.rate'),
  than('2 child processes, RQ forking', 'isolated-process-2.rate', 'python-rq', 150, 'isolated-process-1.rate'),
  than('idle pick-up, p50', 'latency.pickUpP50', 'bullmq', 1),
  than('idle pick-up, p99', 'latency.pickUpP99', 'bullmq', 1),
  than('enqueue to result, p50', 'latency.resultP50', 'bullmq', 1),
  than('enqueue to result, p99', 'latency.resultP99', 'bullmq', 1),
  { what: 'scheduled jobs late, p99, ms', figure: 'schedule.lateP99', most: 20 },
  than('bytes per waiting job', 'memory.waitingBytes', 'bullmq', 1 / 1.3),
  than('bytes per finished job', 'memory.finishedBytes', 'bullmq', 1 / 1.3),
  than('bytes per finished job', 'memory.finishedBytes', 'python-rq', 8),
  {
    what: `Redis CPU, us, where BullMQ's is ${BULLMQ_REDIS_US}`,
    figure: 'process-50.redisUs',
    scaled: { subject: 'bullmq', value: BULLMQ_REDIS_US },
    most: 20,
  },
  {
    what: `Node CPU, us, where BullMQ's is ${BULLMQ_NODE_US}`,
    figure: 'process-50.mainUs',
    scaled: { subject: 'bullmq', value: BULLMQ_NODE_US },
    most: 20,
  },
  than('a million waiting, and a thousand', 'growth-1m.rate', OURS, 0.9, 'growth-1k.rate'),
  { what: 'longest script, 100,000 jobs due at once, ms', figure: 'due-100k.longestMs', most: 50 },
  { what: 'growth of a worker over 800,000 jobs, MB', figure: 'rss.rssGrowthMb', most: 20 },
]

/** The libraries that targets name, without ours. */
export function peersOfTargets(): readonly string[] {
  const peers = TARGETS.flatMap(({ over, scaled }) => over?.subject ?? scaled?.subject ?? [])
  return [...new Set(peers)].filter((peer) => peer !== OURS)
}

/** The names of the measurements that targets check. */
export function measurementsOfTargets(): readonly string[] {
  const figures = TARGETS.flatMap(({ figure, over }) => [figure, ...(over === undefined ? [] : [over.figure])])
  return [...new Set(figures.map((figure) => figure.split('.')[0] ?? ''))]
}
