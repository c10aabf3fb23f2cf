import { checkName, type LogFields, type Logger, SECOND_MS } from '@rq/core'
import {
  type CronJobRecord,
  type CronReply,
  type CronState,
  describeFunction,
  type JobRecord,
  type NewJob,
  type Storage,
} from '@rq/job'
import { encodeRecord, type JobSigner, Queue } from '@rq/queue'
import type { CronDefinition } from './cron-options.ts'
import { cronJobRecord } from './cron-record.ts'
import { dueTicks } from './due-ticks.ts'
import type { StoreClock } from './store-clock.ts'
import { idStart, tickId } from './tick-id.ts'

const RETRY_MS = SECOND_MS

/** What the cron jobs of one scheduler share. */
export interface CronContext {
  readonly storage: Storage
  readonly clock: StoreClock
  readonly logger: Logger
  /** Signs the jobs of each tick, which have ids of their own. */
  readonly signer?: JobSigner | undefined
  /** Options of the queues that create the jobs. */
  readonly queueOptions: Pick<ConstructorParameters<typeof Queue>[1], 'importPaths' | 'serializer' | 'codec'>
}

/**
 * A cron job whose function has been found: its name, and the job of which every tick enqueues a copy, which is encoded
 * for its own id.
 */
interface Prepared {
  readonly name: string
  readonly funcName: string
  readonly template: JobRecord
}

/** One cron job in a scheduler: knows its next tick and enqueues what is due. */
export class CronEntry {
  readonly definition: CronDefinition
  readonly #context: CronContext
  #prepared: Prepared | undefined
  #slot = 1
  #afterMs = 0
  #anchorMs = 0
  #isOpen = false
  #nextMs: number | undefined
  #latestMs: number | undefined
  #retryAtMs: number | undefined

  constructor(definition: CronDefinition, context: CronContext) {
    this.definition = definition
    this.#context = context
  }

  /** Undefined until {@link prepare}, unless it was given. */
  get name(): string | undefined {
    return this.#prepared?.name ?? this.definition.name
  }

  get funcName(): string | undefined {
    return this.#prepared?.funcName
  }

  /** The last tick that enqueued a job, as far as this scheduler knows. */
  get latestMs(): number | undefined {
    return this.#latestMs
  }

  /**
   * The next tick; undefined when there is none. Before {@link open}, that of a cron expression from now on. An
   * interval has none then: only the store knows the moment from which it counts.
   */
  get nextMs(): number | undefined {
    if (this.#isOpen || this.definition.cron === null) return this.#nextMs
    const nowMs = Math.floor(this.#context.clock.nowMs())
    return this.definition.recurrence.next(nowMs, nowMs)
  }

  /** When {@link runDue} has something to do next, by the store's time. */
  get wakeAtMs(): number {
    return this.#retryAtMs ?? this.#nextMs ?? Number.POSITIVE_INFINITY
  }

  /**
   * Find the function and serialize its arguments, once.
   * @throws RqError `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION`, `RQ_INVALID_OPTION`.
   */
  async prepare(): Promise<Prepared> {
    if (this.#prepared !== undefined) return this.#prepared
    const { args, func, jobOptions, name, queueName } = this.definition
    const { queueOptions, storage } = this.#context
    const { codec, ...plainOptions } = queueOptions
    const queue = new Queue(queueName, { ...plainOptions, storage })
    const job = await queue.createJob<(...args: unknown[]) => unknown>(func, args, jobOptions)
    const { funcName } = job
    if (codec !== undefined && jobOptions.description === undefined) job.description = describeFunction(funcName)
    this.#prepared = { name: name ?? checkName(funcName, 'name'), funcName, template: job.toRecord() }
    return this.#prepared
  }

  /** Read from the store where the cron job stands. `slot`: its number among the entries of its name, from 1. */
  async open(slot: number): Promise<CronState> {
    const { name } = await this.prepare()
    const { recurrence } = this.definition
    this.#slot = slot
    const state = await this.#context.clock.asking(() =>
      this.#context.storage.crons.open({ name, slot }, recurrence.rule),
    )
    this.#adopt(state)
    return state
  }

  /**
   * Enqueue what is due by now, until `stopped` fires. Returns how many jobs. Never rejects: a failure is retried after
   * a second.
   */
  async runDue(stopped?: AbortSignal): Promise<number> {
    const { clock, logger } = this.#context
    const nowMs = clock.nowMs()
    if (this.wakeAtMs > nowMs) return 0
    this.#retryAtMs = undefined
    let enqueued = 0
    try {
      for (const tickMs of dueTicks(this.definition.recurrence, this.#position, nowMs, this.definition.catchUp)) {
        if (stopped?.aborted) return enqueued
        const { answer, tickMs: decidedMs } = await this.#fire(tickMs)
        if (answer === 'early') {
          this.#retryAtMs = tickMs
          return enqueued
        }
        logger.debug(`Cron tick of ${this.name}: ${answer}`, this.#fields(tickMs))
        if (answer === 'enqueued') {
          enqueued++
          this.#latestMs = tickMs
          logger.info(`Enqueued ${this.name} into ${this.definition.queueName}`, this.#fields(tickMs))
        }
        this.#anchorMs = Math.max(this.#anchorMs, decidedMs ?? tickMs)
        this.#afterMs = Math.max(tickMs, decidedMs ?? tickMs)
      }
      this.#moveOn(nowMs)
    } catch (error) {
      logger.warn(`Could not enqueue cron job ${this.name}; it will be retried`, { error: String(error) })
      this.#retryAtMs = nowMs + RETRY_MS
    }
    return enqueued
  }

  /** Enqueue a job now, outside of the rule. @throws as {@link prepare}, and RqError of the store. */
  async runNow(id: string): Promise<JobRecord> {
    const { name } = await this.prepare()
    const job = await this.#job(`${idStart(name, this.#slot)}${id}`)
    await this.#context.clock.asking(() => this.#context.storage.crons.run({ name, slot: this.#slot, job }))
    return { ...job.record, status: 'queued' }
  }

  toRecord(): CronJobRecord {
    const { funcName = '', name = '' } = this
    const times = { latestMs: this.#latestMs ?? null, nextMs: this.nextMs ?? null }
    const isSecret = this.#context.queueOptions.codec !== undefined
    return cronJobRecord(this.definition, { funcName, name, isSecret, ...times })
  }

  get #position() {
    return { afterMs: this.#afterMs, anchorMs: this.#anchorMs }
  }

  #adopt({ resumedMs = 0, sinceMs, tickMs }: CronState): void {
    const isFirst = tickMs === undefined
    this.#isOpen = true
    this.#latestMs = tickMs
    this.#anchorMs = tickMs ?? sinceMs
    // The first tick of an interval is the moment at which its rule came into force.
    this.#afterMs = Math.max(
      tickMs ?? 0,
      isFirst && this.definition.intervalS !== null ? sinceMs - 1 : sinceMs,
      resumedMs,
    )
    this.#retryAtMs = undefined
    this.#nextMs = this.definition.recurrence.next(this.#afterMs, this.#anchorMs)
  }

  /** Go past the ticks that were fired, and those that are left out. */
  #moveOn(nowMs: number): void {
    this.#afterMs = Math.max(this.#afterMs, Math.floor(nowMs))
    this.#nextMs = this.definition.recurrence.next(this.#afterMs, this.#anchorMs)
  }

  async #fire(tickMs: number): Promise<CronReply> {
    const { name } = await this.prepare()
    const { overlap, recurrence } = this.definition
    const start = idStart(name, this.#slot)
    const job = await this.#job(tickId(start, tickMs))
    const tick = {
      ms: tickMs,
      latestMs: tickMs - recurrence.leastGapMs,
      ...(overlap === 'skip' && { unlessRunning: start }),
    }
    return this.#context.clock.asking(() => this.#context.storage.crons.run({ name, slot: this.#slot, job, tick }))
  }

  async #job(id: string): Promise<NewJob> {
    const { template } = await this.prepare()
    const { atFront } = this.definition.checked
    const { queueOptions, signer } = this.#context
    const { codec } = queueOptions
    const plain = { ...template, id, createdAtMs: Date.now() }
    const record = codec === undefined ? plain : await encodeRecord(codec, plain)
    signer?.sign(record)
    return {
      record,
      atFront: atFront || template.enqueueAtFront === true,
      unique: true,
    }
  }

  #fields(tickMs: number): LogFields {
    return { tick: new Date(tickMs).toISOString() }
  }
}
