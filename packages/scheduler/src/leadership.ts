import { type Clock, type Duty, type Logger, PeriodicDuty } from '@rq/core'
import type { SchedulerIdentity, SchedulerStore } from '@rq/job'

export interface LeadershipOptions {
  readonly store: SchedulerStore
  readonly scheduler: SchedulerIdentity
  /** How long this scheduler leads a queue after its last renewal. */
  readonly leaseMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** Called with the queues that it leads from now on. */
  readonly onLead: (queues: readonly string[]) => void
}

const RENEWALS_PER_LEASE = 3
/** Do not rely on the last part of a lease: the lock expires by another clock. */
const UNTRUSTED_PART = 0.2
/** The part of a lease over which those that stand by spread when a lock ends, so that they do not all ask at once. */
const SPREAD_PART = 0.04

/**
 * Keeps the locks of the queues that this scheduler leads, and takes those that become free. While others lead, it asks
 * for a lock only when it ends unless they renew it: a dead leader is replaced then, and a living one costs those that
 * stand by one call in nearly a lease. A process that was frozen finds, by a clock that never jumps, that its leases
 * are over, and leads nothing until it has renewed them.
 */
export class Leadership implements Duty {
  readonly #options: LeadershipOptions
  readonly #renewal: PeriodicDuty
  /** Until when it leads each queue, on the monotonic clock. */
  readonly #ledUntilMs = new Map<string, number>()
  #waitMs: number

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.#waitMs = options.leaseMs / RENEWALS_PER_LEASE
    this.#renewal = new PeriodicDuty({
      name: 'Renewing the lead of queues',
      everyMs: () => this.#waitMs,
      atStart: true,
      run: () => this.#renew(),
      logger: options.logger,
    })
  }

  get queues(): readonly string[] {
    return [...this.#ledUntilMs.keys()].filter((queue) => this.leads(queue))
  }

  leads(queue: string): boolean {
    const untilMs = this.#ledUntilMs.get(queue)
    return untilMs !== undefined && this.#options.clock.monotonicMs() < untilMs
  }

  /** Whether the lease of a queue has ended that no other scheduler is known to lead. {@link runOnce} renews it. */
  get hasRunOut(): boolean {
    const nowMs = this.#options.clock.monotonicMs()
    return [...this.#ledUntilMs.values()].some((untilMs) => untilMs <= nowMs)
  }

  start(): void {
    this.#renewal.start()
  }

  /** Also frees its locks. */
  async stop(): Promise<void> {
    this.#ledUntilMs.clear()
    // A renewal under way would take the locks again after they were freed.
    await this.#renewal.stop()
    // Started again meanwhile, it goes on leading.
    if (this.#renewal.isStarted) return
    this.#ledUntilMs.clear()
    const { scheduler, store } = this.#options
    await store.stopLeading(scheduler).catch(() => {})
  }

  /**
   * Take free locks and renew its own.
   * @throws RqError of the store.
   */
  runOnce(): Promise<void> {
    return this.#renewal.runOnce()
  }

  /** A lock may have become free: try to take it at once. Does nothing when stopped. */
  wake(): void {
    this.#renewal.runWithin(0)
  }

  /** Call when the store says that another scheduler leads the queue. */
  lose(queue: string): void {
    if (this.#ledUntilMs.delete(queue)) this.#options.logger.warn(`Lost the lead of queue ${queue}`)
  }

  async #renew(): Promise<void> {
    const { clock, leaseMs, logger, onLead, scheduler, store } = this.#options
    const sentMs = clock.monotonicMs()
    // In case that the call fails.
    this.#waitMs = leaseMs / RENEWALS_PER_LEASE
    const { queues, freeInMs } = await store.lead(scheduler, leaseMs)
    this.#waitMs = this.#untilNext(queues.length, freeInMs)
    const led = new Set(queues)
    const known = this.queues
    for (const queue of this.#ledUntilMs.keys()) if (!led.has(queue)) this.lose(queue)
    for (const queue of led) this.#ledUntilMs.set(queue, sentMs + leaseMs * (1 - UNTRUSTED_PART))
    const gained = [...led].filter((queue) => !known.includes(queue))
    if (gained.length === 0) return
    logger.info(`The scheduler of this process moves due jobs into ${gained.join(', ')}`)
    onLead(gained)
  }

  /** How long to wait for the next call, after an answer with this many queues. */
  #untilNext(leadsCount: number, freeInMs: number): number {
    const { leaseMs, scheduler } = this.#options
    const renewMs = leadsCount > 0 ? leaseMs / RENEWALS_PER_LEASE : Number.POSITIVE_INFINITY
    const freeMs = leadsCount < scheduler.queues.length ? freeInMs + Math.random() * leaseMs * SPREAD_PART : leaseMs
    return Math.min(renewMs, freeMs)
  }
}
