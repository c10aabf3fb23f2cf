/**
 * The targets. `figure` is ours, as `measurement.figure`. `over` is the figure of another library; `least` is then the
 * smallest ratio. Without `over`, `most` is the highest value of our figure.
 */
export interface Target {
  readonly figure: string
  readonly over?: { readonly subject: string; readonly figure: string }
  readonly least?: number
  readonly most?: number
}

const than = (figure: string, subject: string, least: number, other = figure): Target => ({
  figure,
  over: { subject, figure: other },
  least,
})

export const TARGETS: readonly Target[] = [
  than('enqueue-one.rate', 'bullmq', 1.3),
  than('enqueue-concurrent.rate', 'bullmq', 2.5),
  than('enqueue-concurrent.rate', 'bee-queue', 1),
  than('enqueue-bulk.rate', 'bullmq', 5),
  than('process-1.rate', 'bullmq', 4),
  than('process-50.rate', 'bullmq', 2.5),
  than('isolated-process-2.rate', 'bullmq', 8),
  than('isolated-process-2.rate', 'bullmq', 1.5, 'process-50.rate'),
  than('isolated-process-2.rate', 'python-rq', 150, 'isolated-process-1.rate'),
  than('latency.pickUpP50', 'bullmq', 1),
  than('latency.pickUpP99', 'bullmq', 1),
  than('latency.resultP50', 'bullmq', 1),
  than('latency.resultP99', 'bullmq', 1),
  { figure: 'schedule.lateP99', most: 20 },
  than('memory.waitingBytes', 'bullmq', 1 / 1.3),
  than('memory.finishedBytes', 'bullmq', 1 / 1.3),
  than('memory.finishedBytes', 'python-rq', 8),
  { figure: 'process-50.redisUs', most: 13 },
  than('growth-1m.rate', 'rq', 0.9, 'growth-1k.rate'),
  { figure: 'rss.rssGrowthMb', most: 20 },
]
