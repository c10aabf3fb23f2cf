import { type Clock, type Duty, type Logger, SECOND_MS } from '@rq/core'
import type { DueSchedule, ScheduleStore, ScheduleTick } from '@rq/job'
import { dueTicks } from '../due-ticks.ts'
import { type Look, QueueDuty, RETRY_MS } from '../queue-duty.ts'
import { idStart, tickId } from '../tick-id.ts'
import { scheduleRecurrence } from './schedule-recurrence.ts'

export interface ScheduleTickerOptions {
  readonly store: ScheduleStore
  readonly queues: readonly string[]
  /** Whether this scheduler leads a queue now. It leaves the schedules of others alone. */
  readonly leads: (queue: string) => boolean
  readonly clock: Clock
  readonly logger: Logger
}

/** Schedules read in one step. */
const MOST_PER_STEP = 100
/** How often it looks without a notice, which may be lost. */
const POLL_MS = 15 * SECOND_MS

/**
 * Enqueues the jobs of the schedules of the queues that this scheduler leads. Sleeps until the next one is due by the
 * store's clock, or until {@link wake}. Each tick is one atomic step of the store, which one scheduler does, so two
 * tickers, or one that was frozen, do no harm.
 */
export class ScheduleTicker implements Duty {
  readonly #options: ScheduleTickerOptions
  readonly #duty: QueueDuty

  constructor(options: ScheduleTickerOptions) {
    this.#options = options
    const { clock, leads, logger, queues } = options
    this.#duty = new QueueDuty({
      ...{ name: 'Enqueueing the jobs of schedules', queues, leads, pollMs: POLL_MS, clock, logger },
      look: (queue, stopped) => this.#look(queue, stopped),
    })
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** Look at a queue at once. */
  wake(queue: string): void {
    this.#duty.wake(queue)
  }

  /** Enqueue everything that is due now. Returns how many jobs. @throws RqError of the store. */
  runOnce(): Promise<number> {
    return this.#duty.runOnce()
  }

  /** Enqueue up to one step's due jobs of a queue. */
  async #look(queue: string, stopped: AbortSignal): Promise<Look> {
    const { clock, store } = this.#options
    const sentMs = clock.monotonicMs()
    const { due, nowMs, waitMs = POLL_MS } = await store.due(queue, MOST_PER_STEP)
    if (due.length === 0) return { count: 0, againAtMs: sentMs + Math.min(waitMs, POLL_MS) }
    const counts = await Promise.all(due.map((schedule) => this.#tick(queue, schedule, nowMs, stopped)))
    const count = counts.reduce<number>((sum, enqueued) => sum + (enqueued ?? 0), 0)
    // One that fails stays due; it is tried again after a while.
    return { count, againAtMs: counts.includes(undefined) ? sentMs + RETRY_MS : undefined }
  }

  /** Move one schedule on. Returns how many jobs it enqueued; undefined when that failed. Never rejects. */
  async #tick(queue: string, schedule: DueSchedule, nowMs: number, stopped: AbortSignal): Promise<number | undefined> {
    const { name } = schedule
    try {
      const steps = this.#readSteps(schedule, nowMs)
      if (steps !== undefined) return await this.#take(steps, queue, stopped)
      await this.#options.store.park(name, queue)
      return 0
    } catch (error) {
      const { logger } = this.#options
      logger.warn(`Could not enqueue the job of schedule ${name}; it will be retried`, { error: String(error) })
      return undefined
    }
  }

  #readSteps(schedule: DueSchedule, nowMs: number): readonly ScheduleTick[] | undefined {
    try {
      return stepsOf(schedule, nowMs)
    } catch (error) {
      const text = `The schedule ${schedule.name} cannot be read; it enqueues nothing until it is written again`
      this.#options.logger.error(text, { error: String(error) })
      return undefined
    }
  }

  /** Take the steps of one schedule, in order. Returns how many jobs that enqueued; undefined when it was too early. */
  async #take(steps: readonly ScheduleTick[], queue: string, stopped: AbortSignal): Promise<number | undefined> {
    const { logger, store } = this.#options
    let enqueued = 0
    for (const step of steps) {
      if (stopped.aborted) break
      const answer = await store.tick(step)
      const { job, name } = step
      const fields = { schedule: name, ...(job && { tick: new Date(job.tickMs).toISOString() }) }
      if (answer === 'enqueued') {
        enqueued += 1
        logger.info(`Enqueued ${name} into ${queue}`, fields)
      } else {
        logger.debug(`Tick of schedule ${name}: ${answer}`, fields)
      }
      if (answer === 'early') return undefined
      if (answer === 'changed') break
    }
    return enqueued
  }
}

/** What moves a due schedule on: its due ticks, in order, or one step past those that are skipped. */
function stepsOf(schedule: DueSchedule, nowMs: number): readonly ScheduleTick[] {
  const { anchorMs, name, nextMs, revision, rule } = schedule
  if (rule === undefined || nextMs === undefined) throw new Error('its rule is damaged')
  const recurrence = scheduleRecurrence(rule)
  const start = idStart(name, 1, 'schedule')
  const ticks = dueTicks(recurrence, { afterMs: nextMs - 1, anchorMs }, nowMs, rule.catchUp)
  const lastMs = recurrence.next(nowMs, anchorMs)
  const step = (fromMs: number, thenMs: number | undefined, tickMs?: number): ScheduleTick => ({
    ...{ name, revision, nextMs: fromMs },
    ...(tickMs !== undefined && {
      job: { id: tickId(start, tickMs), tickMs, unlessRunning: rule.overlap === 'skip' },
    }),
    ...(thenMs !== undefined && { thenMs }),
    ...(rule.times !== undefined && { times: rule.times }),
  })
  if (ticks.length === 0) return [step(nextMs, lastMs)]
  return ticks.map((tickMs, at) => step(at === 0 ? nextMs : tickMs, ticks[at + 1] ?? lastMs, tickMs))
}
