import { hostname } from 'node:os'
import { type Duty, type Logger, type PeriodicDuty, pause, RqError, SECOND_MS } from '@rq/core'
import type { Claimed, Lease, SettleAnswer, Settlement, WorkerIdentity, WorkerState } from '@rq/job'
import type { JobContext } from '@rq/queue'
import { type CommandOwner, Commands } from './duties/commands.ts'
import { heartbeat } from './duties/heartbeat.ts'
import { maintenance } from './duties/maintenance.ts'
import { recovery } from './duties/recovery.ts'
import type { WorkerEmitter } from './events.ts'
import { answerCall } from './horses/horse-calls.ts'
import { type HorseFacts, HorsePool, type PoolOwner, type TaskFate } from './horses/horse-pool.ts'
import type { HorseExit, HorseStarter } from './horses/horse-port.ts'
import type { Task } from './inside-horse/protocol.ts'
import { LeaseKeeper } from './lease/lease-renewer.ts'
import { LeaseBook, leaseOf } from './lease/lease-table.ts'
import type { WorkerSettings } from './options.ts'
import { Judge, type JudgeOwner } from './outcome/judge.ts'
import { Webhooks } from './outcome/webhooks.ts'
import { poolOptions } from './pool-options.ts'
import { Broadcast } from './store/broadcast.ts'
import { type DequeueStrategy, QueueOrder } from './store/queue-order.ts'
import { noticed } from './store/slow-store-warning.ts'
import { Pump, type PumpOwner } from './store/store-loop.ts'
import { Persistence } from './store/store-retry.ts'
import { News } from './worker-log.ts'

/** Something that runs beside the worker for as long as it works, such as a scheduler. */
export interface WorkerService {
  start(): Promise<void> | void
  stop(): Promise<void> | void
  /** Do at once what is due. Awaited before a burst, which then finds it done; called again when the store does not answer. */
  runOnce?(): Promise<unknown>
}

export interface ShiftOptions {
  readonly settings: WorkerSettings
  readonly context: JobContext
  readonly start: HorseStarter
  readonly events: WorkerEmitter
  readonly version: string
  readonly burst: boolean
  /** Default: no limit. */
  readonly maxJobs: number | undefined
  /** Default: no limit. */
  readonly maxIdleMs: number | undefined
  readonly strategy: DequeueStrategy
  readonly services: readonly WorkerService[]
}

/** An idle worker waits so long for a store that does not answer before it leaves anyway. */
const LEAVE_MS = 300
/** A worker told to leave at once waits so long for the store to take its jobs back. */
const COLD_LEAVE_MS = 2 * SECOND_MS
/** So much of a lease may pass without a heartbeat; it is renewed three times. */
const MOST_BEHIND = 2 / 3
/** A worker that leaves waits so long for the webhooks of its jobs. */
const WEBHOOKS_LEAVE_MS = 30 * SECOND_MS

/**
 * One stay of a worker at work: from its registration until it leaves. Owns the pump, the horses, the leases and the
 * duties; they own nothing of each other and tell it what happens.
 * It ends when it was told to stop and everything has been settled, when a burst finds nothing more, when `maxJobs` or
 * `maxIdleTime` is reached, or when no horse can be started.
 */
export class Shift implements PumpOwner, PoolOwner, JudgeOwner, CommandOwner {
  readonly #options: ShiftOptions
  readonly #settings: WorkerSettings
  readonly #logger: Logger
  readonly #news: News
  readonly #birth: WorkerIdentity
  readonly #pump: Pump
  readonly #pool: HorsePool
  readonly #judge: Judge
  readonly #webhooks: Webhooks
  readonly #book: LeaseBook
  readonly #keeper: LeaseKeeper | undefined
  readonly #commands: Commands
  readonly #broadcast: Broadcast
  readonly #recovery: PeriodicDuty
  readonly #duties: readonly Duty[]
  readonly #ended: Promise<void>
  #end: () => void = () => {}
  #failure: Error | undefined
  #stopping: 'no' | 'warm' | 'cold' = 'no'
  #started = false
  #settled = 0
  #beatenMs: number
  #idleSinceMs: number
  #idleTimer: NodeJS.Timeout | undefined
  #leaveTimer: NodeJS.Timeout | undefined
  #graceTimer: NodeJS.Timeout | undefined

  constructor(options: ShiftOptions) {
    const { context, settings, strategy } = options
    const { clock, leaseMs, logger, name, queues, storage } = settings
    const store = storage.workers
    this.#options = options
    this.#settings = settings
    this.#logger = logger
    this.#news = new News(options.events, logger, settings.logJobDescription)
    this.#birth = {
      name,
      queues,
      pid: process.pid,
      hostname: hostname(),
      version: options.version,
      ttlS: settings.workerTtlS,
    }
    this.#keeper = this.#makeKeeper()
    this.#book = new LeaseBook(this.#keeper)
    this.#idleSinceMs = clock.monotonicMs()
    this.#beatenMs = this.#idleSinceMs
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#pump = new Pump(
      {
        store,
        workerName: name,
        leaseMs,
        queues,
        order: new QueueOrder(queues, strategy),
        clock,
        logger,
        maxJobs: options.maxJobs,
      },
      this,
    )
    this.#pool = new HorsePool(poolOptions(settings, options.start), this)
    this.#webhooks = new Webhooks({ serializer: context.serializer, logger })
    this.#judge = new Judge(
      {
        context,
        clock,
        logger,
        defaultResultTtlS: settings.defaultResultTtlS,
        onAbandoned: settings.onAbandoned,
        handlersInHorse: settings.exceptionHandlerRefs.length > 0,
        exceptionHandlers: settings.exceptionHandlers,
        disableDefaultExceptionHandler: settings.disableDefaultExceptionHandler,
        ...(settings.workHorseKilledHandler && { workHorseKilledHandler: settings.workHorseKilledHandler }),
      },
      this,
    )
    this.#broadcast = new Broadcast({ store: storage.events, events: options.events, workerName: name, queues, clock })
    this.#commands = new Commands({ store, workerName: name, logger }, this)
    this.#recovery = recovery({
      store,
      workerName: name,
      queues,
      leaseMs,
      logger,
      isWanted: () => this.#stopping === 'no' && !this.#isBehind,
      onRecovered: (claimed) => this.#takeOver(claimed),
      onDone: () => this.#pump.nudge(),
    })
    this.#duties = [
      this.#recovery,
      heartbeat({
        store,
        worker: this.#birth,
        book: this.#book,
        leaseMs,
        everyMs: settings.heartbeatMs,
        logger,
        state: () => this.#state,
        onBeaten: () => {
          this.#beatenMs = clock.monotonicMs()
        },
        onLost: (lease) => this.#lose(lease.executionId),
        isDone: () => this.#keeper?.hasBeaten() ?? false,
      }),
      maintenance({ store, queueStore: storage.queues, queues, everyMs: settings.maintenanceMs, logger }),
    ]
  }

  /**
   * @returns whether it did any work.
   * @throws RqError `RQ_WORKER_NAME_TAKEN`; `RQ_HORSE_TERMINATED` when no horse can be started.
   */
  async work(): Promise<boolean> {
    const { name, queues } = this.#settings
    await this.#register()
    this.#news.started(name, queues)
    void this.#warn()
    this.#commands.start()
    this.#broadcast.start()
    this.#pool.start()
    await this.#startServices()
    for (const duty of this.#duties) duty.start()
    this.#started = true
    const pumping = this.#pump.run()
    await this.#ended
    await this.#leave(pumping)
    this.#news.stopped(name)
    if (this.#failure !== undefined) throw this.#failure
    return this.#settled > 0
  }

  /** Take no more, give back what has not begun, let what runs come to its end. */
  stopWarm(): void {
    if (this.#stopping !== 'no') return
    this.#stopping = 'warm'
    this.#logger.info('Warm shut down requested')
    this.#settings.storage.workers.shutdownRequested(this.#settings.name).catch(() => {})
    this.#pump.stopClaiming()
    this.#pool.drain()
    // A claim or a look under way may bring jobs; but a store that does not answer must not keep an idle worker.
    this.#leaveTimer = setTimeout(() => this.#leaveUnlessBusy(), LEAVE_MS)
    const { graceMs } = this.#settings
    if (graceMs !== undefined) this.#graceTimer = setTimeout(() => this.stopCold(), graceMs)
  }

  /** Kill what runs; every job goes back to the head of its queue, and no attempt is counted. */
  stopCold(): void {
    if (this.#stopping === 'cold') return
    this.#stopping = 'cold'
    this.#logger.warn('Cold shut down requested: running jobs go back to their queues')
    this.#pump.stopClaiming()
    this.#pool.drain()
    void this.#pool.killAll().then(() => {
      for (const claimed of this.#book.inState('held')) this.onReturn(claimed)
      this.#leaveUnlessBusy()
    })
    clearTimeout(this.#leaveTimer)
    this.#leaveTimer = setTimeout(this.#end, COLD_LEAVE_MS)
  }

  get #state(): WorkerState {
    if (this.#pump.isSuspended) return 'suspended'
    if (!this.#started) return 'started'
    return this.#book.size > 0 ? 'busy' : 'idle'
  }

  /**
   * Whether this process was held up for so long (a machine that slept, or had too much to do) that leases of its own may have
   * ended: they are to be renewed before anybody's are looked at, or it would take its own jobs for abandoned.
   */
  get #isBehind(): boolean {
    if (this.#keeper !== undefined || this.#book.size === 0) return false
    const { clock, leaseMs } = this.#settings
    return clock.monotonicMs() - this.#beatenMs > leaseMs * MOST_BEHIND
  }

  /** Where jobs run in this event loop, and a thread can have a storage of its own. */
  #makeKeeper(): LeaseKeeper | undefined {
    const { heartbeatMs, horse, leaseMs, leaseStorage, logger } = this.#settings
    if (horse !== 'inline' || leaseStorage === undefined) return undefined
    return new LeaseKeeper({
      source: leaseStorage,
      worker: this.#birth,
      leaseMs,
      everyMs: heartbeatMs,
      state: () => this.#state,
      onLost: (lease) => this.#lose(lease.executionId),
      logger,
    })
  }

  /** As soon as the store takes it: one that is still loading, or full of somebody else's script, is waited for. */
  async #register(): Promise<void> {
    const { storage } = this.#settings
    await this.#insist(() => storage.workers.register(this.#birth))
  }

  /** A store that can lose jobs is worked with, and told of. */
  async #warn(): Promise<void> {
    const warnings = await this.#settings.storage.admin.warnings().catch(() => [])
    for (const warning of warnings) this.#logger.warn(warning)
  }

  /** Resolves when the store has answered, or this shift has ended. @throws what will not go away by itself. */
  async #insist(call: () => Promise<unknown>): Promise<void> {
    const left = new AbortController()
    void this.#ended.then(() => left.abort())
    const insisted = new Persistence({ logger: this.#logger, signal: left.signal }).insist(() =>
      noticed(call(), this.#logger).then(() => undefined, unlessRetryable),
    )
    const answer = await Promise.race([insisted, this.#ended])
    if (answer?.value !== undefined) throw answer.value
  }

  async #startServices(): Promise<void> {
    try {
      for (const service of this.#options.services) {
        if (this.#options.burst) await this.#insist(async () => service.runOnce?.())
        await service.start()
      }
    } catch (cause) {
      this.#fail(
        new RqError('RQ_INVALID_OPERATION', 'What should run beside the worker could not be started.', { cause }),
      )
    }
  }

  #fail(error: Error): void {
    this.#failure = error
    this.stopCold()
  }

  #leaveUnlessBusy(): void {
    if (this.#book.size === 0 && !this.#pump.isWriting) this.#end()
  }

  async #leave(pumping: Promise<void>): Promise<void> {
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#leaveTimer)
    clearTimeout(this.#graceTimer)
    const duties = this.#duties.map((duty) => duty.stop())
    this.#pump.close()
    // A heartbeat of its thread after the farewell would bring the worker's record back.
    await this.#keeper?.stop()
    const limit = new AbortController()
    const limited = pause(LEAVE_MS, limit.signal)
    const stopped = this.#stopping === 'cold' ? this.#pool.killAll() : this.#pool.close()
    const farewell = Promise.allSettled([
      pumping,
      ...duties,
      this.#commands.stop(),
      this.#broadcast.stop(),
      this.#settings.storage.workers.unregister(this.#birth),
      ...this.#options.services.map(async (service) => service.stop()),
    ])
    await Promise.all([stopped, Promise.race([farewell, limited]), this.#callLastWebhooks()])
    limit.abort()
  }

  async #callLastWebhooks(): Promise<void> {
    const limit = new AbortController()
    if (this.#stopping !== 'cold') await Promise.race([this.#webhooks.idle(), pause(WEBHOOKS_LEAVE_MS, limit.signal)])
    limit.abort()
    this.#webhooks.stop()
  }

  // --- what the pump tells

  handsAhead(): boolean {
    return this.#pool.handsAhead
  }

  room(): number {
    return this.#pool.room()
  }

  isFed(): boolean {
    return this.#pool.isFed()
  }

  onClaimed(jobs: readonly Claimed[]): void {
    this.#book.add(...jobs)
    this.#pool.assign(jobs)
  }

  onSending(settlement: Settlement): Settlement {
    return this.#book.wasBeaten(settlement.executionId) ? { ...settlement, executionRecorded: true } : settlement
  }

  onSettled(settlement: Settlement, answer: SettleAnswer): void {
    const isToldLost = this.#book.isLost(settlement.executionId)
    const claimed = this.#book.delete(settlement.executionId)
    this.#settled++
    this.#idleSinceMs = this.#settings.clock.monotonicMs()
    if (claimed === undefined || isToldLost) return
    if (answer === 'lost') this.#news.lost(claimed)
    else if (answer === 'applied') {
      this.#news.settled(claimed, settlement)
      this.#webhooks.settled(claimed.job, settlement)
    } else this.#news.vanished(claimed)
  }

  onGivenBack(leases: readonly Lease[]): void {
    for (const { executionId } of leases) this.#book.delete(executionId)
    if (this.#stopping !== 'no') this.#leaveUnlessBusy()
  }

  onSuspended(suspended: boolean): void {
    this.#news.suspended(suspended)
  }

  onIdle(): void {
    // What a look at dead workers brings belongs to this shift, so it does not end during one, unless it has to.
    if (this.#book.size > 0 || (this.#recovery.isRunning && this.#stopping !== 'cold')) return
    const { burst, maxIdleMs } = this.#options
    const isDone = burst && (this.#pump.isDry || this.#pump.isSuspended)
    const leftMs =
      maxIdleMs === undefined
        ? Number.POSITIVE_INFINITY
        : this.#idleSinceMs + maxIdleMs - this.#settings.clock.monotonicMs()
    clearTimeout(this.#idleTimer)
    if (isDone || this.#pump.isSpent || leftMs <= 0) this.#end()
    else if (leftMs < Number.POSITIVE_INFINITY) this.#idleTimer = setTimeout(() => this.#pump.nudge(), leftMs)
  }

  // --- what the horses tell

  onRoom(): void {
    this.#pump.nudge()
  }

  onBegin(task: Task): void {
    this.#news.begun(task)
  }

  onFate(task: Task, fate: TaskFate): void {
    const claimed = this.#book.get(task.id)
    if (claimed !== undefined) this.#judge.rule(claimed, fate)
  }

  onReturned(ids: readonly string[]): void {
    const returned = ids.flatMap((id) => this.#book.get(id) ?? [])
    for (const { executionId } of returned) this.#book.mark(executionId, 'returning')
    this.#pump.giveBack(returned.map(leaseOf))
  }

  onBroken(error: RqError): void {
    this.#fail(error)
  }

  onCall(...[horse, call]: Parameters<PoolOwner['onCall']>): void {
    void answerCall(this.#settings.storage, horse, call)
  }

  onHorseStarted(facts: HorseFacts): void {
    this.#news.horseStarted(facts)
  }

  onHorseEnded(facts: HorseFacts, exit: HorseExit): void {
    this.#news.horseEnded(facts, exit)
  }

  // --- what the judge decides

  attend(task: Task): Promise<TaskFate> {
    return this.#pool.attend(task)
  }

  onSettlement(settlement: Settlement): void {
    this.#book.mark(settlement.executionId, 'settling')
    this.#pump.settle(settlement)
  }

  onReturn(claimed: Claimed): void {
    this.onReturned([claimed.executionId])
  }

  onForget(claimed: Claimed): void {
    this.#book.delete(claimed.executionId)
    this.#pump.nudge()
  }

  // --- what the duties tell

  /** What is being settled or given back is answered by that. Told once, however many find it out. */
  #lose(executionId: string): void {
    const claimed = this.#book.get(executionId)
    if (claimed === undefined || this.#book.stateOf(executionId) !== 'held' || this.#book.isLost(executionId)) return
    this.#book.markLost(executionId)
    this.#news.lost(claimed)
    this.#pool.abort(executionId, 'lease_lost')
  }

  #takeOver(claimed: Claimed): void {
    this.#book.add(claimed)
    this.#news.takenOver(claimed)
    void this.#judge.abandoned(claimed)
  }

  // --- commands

  onShutdown(): void {
    this.stopWarm()
  }

  onKillHorse(): void {
    this.#pool.killBusy('kill_horse')
  }

  onStopJob(jobId: string, executionId: string | undefined): void {
    const claimed = this.#book.ofJob(jobId, executionId)
    if (claimed === undefined) this.#logger.warn(`The job to stop is not here (${jobId})`)
    else this.#pool.abort(claimed.executionId, 'stopped')
  }
}

/** An error that will not go away by itself. @throws any other one. */
function unlessRetryable(error: unknown): unknown {
  if (error instanceof RqError && error.retryable) throw error
  return error
}
