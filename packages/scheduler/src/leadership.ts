import { type Clock, FailureLog, type Logger } from '@rq/core'
import type { SchedulerIdentity, SchedulerStore } from '@rq/job'

export interface LeadershipOptions {
  readonly store: SchedulerStore
  readonly scheduler: SchedulerIdentity
  /** How long a queue stays this scheduler's without a sign of life. */
  readonly leaseMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** Called with queues that it leads from now on. */
  readonly onLead: (queues: readonly string[]) => void
}

/** A lease is renewed so often before it ends. */
const RENEWALS_PER_LEASE = 5
/** The last part of a lease is not relied on: the lock ends by another clock. */
const UNTRUSTED_PART = 0.2
/** A store that does not answer does not keep a scheduler from leaving. */
const LEAVE_MS = 500

/**
 * Keeps the locks of the queues that this scheduler leads, and takes those that become free.
 * A process that was frozen finds, by a clock that never jumps, that its leases are over, and leads nothing until they are renewed.
 */
export class Leadership {
  readonly #options: LeadershipOptions
  readonly #failures: FailureLog
  /** Until when each queue is led, on the monotonic clock. */
  readonly #ledUntilMs = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #renewal: Promise<void> | undefined
  #stopped = true

  constructor(options: LeadershipOptions) {
    this.#options = options
    this.#failures = new FailureLog(options.logger, 'Renewing the lead of queues')
  }

  get queues(): readonly string[] {
    return [...this.#ledUntilMs.keys()].filter((queue) => this.leads(queue))
  }

  leads(queue: string): boolean {
    const untilMs = this.#ledUntilMs.get(queue)
    return untilMs !== undefined && this.#options.clock.monotonicMs() < untilMs
  }

  start(): void {
    if (!this.#stopped) return
    this.#stopped = false
    this.#schedule()
  }

  /** Frees the locks that are its own. Never rejects; a store that does not answer is not waited for long. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#ledUntilMs.clear()
    const { store, scheduler } = this.#options
    let limit: NodeJS.Timeout | undefined
    // A renewal under way would take the locks again after they were freed.
    const freed = Promise.resolve(this.#renewal)
      .catch(() => {})
      .then(() => {
        this.#ledUntilMs.clear()
        return store.stopLeading(scheduler)
      })
      .catch(() => {})
    await Promise.race([
      freed,
      new Promise((resolve) => {
        limit = setTimeout(resolve, LEAVE_MS)
      }),
    ])
    clearTimeout(limit)
  }

  /**
   * Take and renew. Calls at the same time share one answer.
   * @throws RqError of the store.
   */
  runOnce(): Promise<void> {
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = undefined
    })
    return this.#renewal
  }

  /** Another one leads the queue, the store says. */
  lose(queue: string): void {
    if (this.#ledUntilMs.delete(queue)) this.#options.logger.warn(`Lost the lead of queue ${queue}`)
  }

  async #renew(): Promise<void> {
    const { clock, leaseMs, logger, onLead, scheduler, store } = this.#options
    const sentMs = clock.monotonicMs()
    const led = new Set(await store.lead(scheduler, leaseMs))
    const known = this.queues
    for (const queue of this.#ledUntilMs.keys()) if (!led.has(queue)) this.lose(queue)
    for (const queue of led) this.#ledUntilMs.set(queue, sentMs + leaseMs * (1 - UNTRUSTED_PART))
    const gained = [...led].filter((queue) => !known.includes(queue))
    if (gained.length === 0) return
    logger.info(`Leads ${gained.join(', ')}`)
    onLead(gained)
  }

  #schedule(): void {
    this.#timer = setTimeout(async () => {
      try {
        await this.runOnce()
        this.#failures.succeeded()
      } catch (error) {
        this.#failures.failed(error)
      }
      if (!this.#stopped) this.#schedule()
    }, this.#options.leaseMs / RENEWALS_PER_LEASE)
  }
}
