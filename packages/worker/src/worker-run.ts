import { hostname } from 'node:os'
import { type Duty, type Logger, type PeriodicDuty, RqError, SECOND_MS, startTimer, within } from '@rq/core'
import type { WorkerIdentity, WorkerState } from '@rq/job'
import type { JobContext } from '@rq/queue'
import { Broadcast } from './duties/broadcast.ts'
import { Commands } from './duties/commands.ts'
import { heartbeat } from './duties/heartbeat.ts'
import { maintenance } from './duties/maintenance.ts'
import { recovery } from './duties/recovery.ts'
import type { WorkerEmitter } from './events.ts'
import type { ExecutionEnd } from './execution.ts'
import { Executions } from './executions.ts'
import { HorsePool } from './horses/horse-pool.ts'
import type { HorseStarter } from './horses/horse-port.ts'
import { LeaseRenewer } from './lease/lease-renewer.ts'
import type { WorkerSettings } from './options.ts'
import { SettlementPolicy } from './outcome/settlement-policy.ts'
import { Webhooks } from './outcome/webhooks.ts'
import { WorkerHandlers } from './outcome/worker-handlers.ts'
import { poolOptions } from './pool-options.ts'
import { nameTaken, registerWorker } from './registration.ts'
import { type DequeueStrategy, QueueOrder } from './store/queue-order.ts'
import { warnIfSlow } from './store/slow-store-warning.ts'
import { StoreLoop } from './store/store-loop.ts'
import { StoreRetry } from './store/store-retry.ts'
import { WorkerLog } from './worker-log.ts'

/** A service that runs for as long as the worker works, such as a scheduler. */
export interface WorkerService {
  start(): Promise<void> | void
  stop(): Promise<void> | void
  /**
   * Do what is due now. Awaited before a burst, so that the burst finds it done; retried while the store is
   * unreachable.
   */
  runOnce?(): Promise<unknown>
}

export interface WorkerRunOptions {
  readonly settings: WorkerSettings
  readonly context: JobContext
  readonly start: HorseStarter
  readonly events: WorkerEmitter
  readonly version: string
  /** Random, different from that of any other worker with the same name. */
  readonly instance: string
  readonly burst: boolean
  /** Default: no limit. */
  readonly maxJobs: number | undefined
  /** Default: no limit. */
  readonly maxIdleMs: number | undefined
  readonly strategy: DequeueStrategy
  readonly services: readonly WorkerService[]
}

/** How long an idle worker waits for an unreachable store before it leaves. */
const LEAVE_MS = 300
/** How long a worker that must leave at once waits for the store to take its jobs back. */
const COLD_LEAVE_MS = 2 * SECOND_MS
/** The part of a lease that may pass without a heartbeat; a lease is renewed three times. */
const MOST_BEHIND = 2 / 3
/** How long a worker that leaves waits for the webhooks of its jobs. */
const WEBHOOKS_LEAVE_MS = 30 * SECOND_MS

/**
 * One run of a worker, from registration to shutdown. It builds the parts of the worker, starts them, and decides when
 * to leave; a job's own way is in {@link Executions}. A run ends
 * - after {@link stopWarm}, when all running jobs have ended;
 * - after {@link stopCold}, when all jobs are returned, or the store does not answer;
 * - when a burst finds the queues empty, or `maxJobs` or `maxIdleMs` is reached;
 * - when no horse can be started.
 */
export class WorkerRun {
  readonly #options: WorkerRunOptions
  readonly #settings: WorkerSettings
  readonly #logger: Logger
  readonly #log: WorkerLog
  readonly #identity: WorkerIdentity
  readonly #renewer: LeaseRenewer | undefined
  readonly #horses: HorsePool
  readonly #store: StoreLoop
  readonly #executions: Executions
  readonly #webhooks: Webhooks
  readonly #recovery: PeriodicDuty
  readonly #commands: Commands
  readonly #broadcast: Broadcast
  readonly #duties: readonly Duty[]
  readonly #ended: Promise<void>
  #end: () => void = () => {}
  #failure: Error | undefined
  #stopping: 'no' | 'warm' | 'cold' = 'no'
  #isRegistered = false
  #isStarted = false
  #jobsSettled = 0
  #heartbeatMs: number
  #idleSinceMs: number
  #idleTimer: NodeJS.Timeout | undefined
  #leaveTimer: NodeJS.Timeout | undefined
  #graceTimer: NodeJS.Timeout | undefined

  constructor(options: WorkerRunOptions) {
    const { context, settings } = options
    const { clock, logger, name, queues } = settings
    this.#options = options
    this.#settings = settings
    this.#logger = logger
    this.#log = new WorkerLog(options.events, logger, settings.logJobDescription)
    const { instance, version } = options
    const host = { pid: process.pid, hostname: hostname(), version }
    this.#identity = { name, queues, instance, ttlS: settings.workerTtlS, ...host }
    this.#idleSinceMs = clock.monotonicMs()
    this.#heartbeatMs = this.#idleSinceMs
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#renewer = this.#makeRenewer()
    this.#horses = this.#makeHorses()
    this.#store = this.#makeStoreLoop()
    this.#webhooks = new Webhooks({ serializer: context.serializer, logger })
    this.#executions = this.#makeExecutions()
    this.#recovery = this.#makeRecovery()
    this.#commands = this.#makeCommands()
    this.#broadcast = this.#makeBroadcast()
    this.#duties = this.#makeDuties()
  }

  /**
   * Work until the run ends.
   * @returns whether any job was settled.
   * @throws RqError `RQ_WORKER_NAME_TAKEN`; `RQ_HORSE_TERMINATED` when no horse can be started.
   */
  async work(): Promise<boolean> {
    const { name, queues } = this.#settings
    await this.#register()
    this.#log.started(name, queues)
    void this.#warnAboutSettings()
    this.#broadcast.start()
    this.#horses.start()
    await this.#startServices()
    this.#isStarted = true
    for (const duty of this.#duties) duty.start()
    const loop = this.#store.run()
    await this.#ended
    await this.#leave(loop)
    this.#log.stopped(name)
    if (this.#failure !== undefined) throw this.#failure
    return this.#jobsSettled > 0
  }

  /** Claim no more jobs, return those that have not begun, and let running jobs finish. */
  stopWarm(): void {
    if (this.#stopping !== 'no') return
    this.#stopping = 'warm'
    this.#logger.info('Warm shut down requested')
    if (this.#isRegistered) this.#noteShutdown()
    this.#store.stopClaiming()
    this.#horses.drain()
    // A call under way may still bring jobs; but an unreachable store must not keep an idle worker.
    this.#leaveTimer = setTimeout(() => this.#leaveUnlessBusy(), LEAVE_MS)
    const { graceMs } = this.#settings
    if (graceMs !== undefined) this.#graceTimer = startTimer(graceMs, () => this.stopCold())
  }

  /** Kill running jobs. Every job goes back to the head of its queue, and no attempt is counted. */
  stopCold(): void {
    if (this.#stopping === 'cold') return
    this.#stopping = 'cold'
    this.#logger.warn('Cold shut down requested: running jobs go back to their queues')
    this.#store.stopClaiming()
    this.#horses.drain()
    void this.#horses.killAll().then(() => {
      this.#executions.giveBackAll()
      this.#leaveUnlessBusy()
    })
    clearTimeout(this.#leaveTimer)
    this.#leaveTimer = setTimeout(this.#end, COLD_LEAVE_MS)
  }

  get #state(): WorkerState {
    if (this.#executions.size > 0) return 'busy'
    if (this.#store.isSuspended) return 'suspended'
    return this.#isStarted ? 'idle' : 'started'
  }

  /**
   * Whether this process was delayed for so long (the machine slept, or was overloaded) that leases of its own may have
   * ended. They must be renewed before others are looked at, or the worker would take its own jobs for abandoned.
   */
  get #isBehind(): boolean {
    if (this.#renewer !== undefined || this.#executions.size === 0) return false
    const { clock, leaseMs } = this.#settings
    return clock.monotonicMs() - this.#heartbeatMs > leaseMs * MOST_BEHIND
  }

  /** For jobs that run in this event loop, if a thread can have a storage of its own. */
  #makeRenewer(): LeaseRenewer | undefined {
    const { heartbeatMs, horse, leaseMs, leaseStorage, logger } = this.#settings
    if (horse !== 'inline' || leaseStorage === undefined) return undefined
    return new LeaseRenewer({
      source: leaseStorage,
      worker: this.#identity,
      leaseMs,
      everyMs: heartbeatMs,
      state: () => this.#state,
      onLost: (lease) => this.#executions.lose(lease.executionId),
      onNameTaken: () => this.#loseName(),
      logger,
    })
  }

  #makeHorses(): HorsePool {
    return new HorsePool({
      ...poolOptions(this.#settings, this.#options.start),
      log: this.#log,
      onRoom: () => this.#store.nudge(),
      onBroken: (error) => this.#fail(error),
    })
  }

  #makeStoreLoop(): StoreLoop {
    const { clock, leaseMs, logger, name, queues, storage } = this.#settings
    const { maxJobs, strategy } = this.#options
    return new StoreLoop({
      store: storage.workers,
      workerName: name,
      leaseMs,
      queues,
      order: new QueueOrder(queues, strategy),
      horses: this.#horses,
      clock,
      logger,
      maxJobs,
      onClaimed: (jobs) => this.#executions.start(jobs),
      jobsHeld: () => this.#executions.size,
      onSuspended: (isSuspended) => this.#log.suspended(isSuspended),
      onIdle: () => this.#leaveIfDone(),
    })
  }

  #makeExecutions(): Executions {
    const { settings, context } = this.#options
    const { clock, exceptionHandlerRefs, exceptionHandlers, logger, workHorseKilledHandler } = settings
    const haveReferences = exceptionHandlerRefs.length > 0
    return new Executions({
      horses: this.#horses,
      store: this.#store,
      handlers: new WorkerHandlers({ context, logger, haveReferences, exceptionHandlers, workHorseKilledHandler }),
      policy: new SettlementPolicy(settings),
      webhooks: this.#webhooks,
      log: this.#log,
      clock,
      renewer: this.#renewer,
      onEnd: (end) => this.#noteEnd(end),
    })
  }

  #makeRecovery(): PeriodicDuty {
    const { leaseMs, logger, name, queues, storage } = this.#settings
    return recovery({
      store: storage.workers,
      workerName: name,
      queues,
      leaseMs,
      logger,
      isWanted: () => this.#stopping === 'no' && !this.#isBehind,
      onRecovered: (claimed) => this.#executions.takeOver(claimed),
      onDone: () => this.#store.nudge(),
    })
  }

  #makeCommands(): Commands {
    const { logger, name, storage } = this.#settings
    return new Commands({
      store: storage.workers,
      workerName: name,
      logger,
      onShutdown: () => this.stopWarm(),
      onKillHorse: () => this.#horses.killBusy('kill_horse'),
      onStopJob: (jobId, executionId) => this.#stopJob(jobId, executionId),
    })
  }

  #makeBroadcast(): Broadcast {
    const { clock, name, queues, storage } = this.#settings
    return new Broadcast({ store: storage.events, events: this.#options.events, workerName: name, queues, clock })
  }

  #makeDuties(): readonly Duty[] {
    const { clock, heartbeatMs, leaseMs, logger, maintenanceMs, storage } = this.#settings
    const store = storage.workers
    return [
      this.#recovery,
      heartbeat({
        store,
        worker: this.#identity,
        executions: this.#executions,
        leaseMs,
        everyMs: heartbeatMs,
        logger,
        state: () => this.#state,
        mustKeep: (state) => this.#store.mustKeepState(state),
        onAnswered: () => {
          this.#heartbeatMs = clock.monotonicMs()
        },
        onNameTaken: () => this.#loseName(),
        wasRenewed: () => this.#renewer?.hasRenewed() ?? false,
      }),
      maintenance({ store, queueStore: storage.queues, worker: this.#identity, everyMs: maintenanceMs, logger }),
    ]
  }

  /** Listens first: a program that finds the worker listed may send it a command at once. */
  async #register(): Promise<void> {
    this.#commands.start()
    await this.#untilAnswered(() => this.#commands.answered)
    try {
      await this.#registerName()
    } catch (error) {
      await this.#commands.stop()
      throw error
    }
    this.#isRegistered = true
  }

  async #registerName(): Promise<void> {
    const leaving = new AbortController()
    void this.#ended.then(() => leaving.abort())
    const { leaseMs, logger, storage } = this.#settings
    await registerWorker({
      store: storage.workers,
      worker: this.#identity,
      leaseMs,
      logger,
      untilAnswered: (call) => this.#untilAnswered(call),
      leaving: leaving.signal,
    })
  }

  async #warnAboutSettings(): Promise<void> {
    const warnings = await this.#settings.storage.admin.warnings().catch(() => [])
    for (const warning of warnings) this.#logger.warn(warning)
  }

  /**
   * Repeat a call until the store answers. Undefined when this run has ended first.
   * @throws what a retry cannot help.
   */
  async #untilAnswered<T>(call: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    const leaving = new AbortController()
    void this.#ended.then(() => leaving.abort())
    const retry = new StoreRetry({ logger: this.#logger, signal: leaving.signal })
    const answered = retry.untilAnswered(() =>
      warnIfSlow(call(), this.#logger).then((value) => ({ value }), rethrowIfRetryable),
    )
    const answer = (await Promise.race([answered, this.#ended]))?.value
    if (answer !== undefined && 'error' in answer) throw answer.error
    return answer
  }

  async #startServices(): Promise<void> {
    try {
      for (const service of this.#options.services) {
        if (this.#options.burst) await this.#untilAnswered(async () => service.runOnce?.())
        await service.start()
      }
    } catch (cause) {
      const message = 'A service of the worker (such as its scheduler) failed to start.'
      this.#fail(new RqError('RQ_INVALID_OPERATION', message, { cause }))
    }
  }

  #noteShutdown(): void {
    this.#settings.storage.workers.shutdownRequested(this.#settings.name).catch(() => {})
  }

  #stopJob(jobId: string, executionId: string | undefined): void {
    if (this.#executions.stop(jobId, executionId)) return
    this.#logger.warn(`Cannot stop job ${jobId}: this worker is not running it`)
  }

  #noteEnd(end: ExecutionEnd): void {
    if (end === 'settled') {
      this.#jobsSettled++
      this.#idleSinceMs = this.#settings.clock.monotonicMs()
    }
    if (end === 'dropped' || this.#executions.size === 0) this.#store.nudge()
    if (this.#stopping !== 'no') this.#leaveUnlessBusy()
  }

  /** Another worker has this one's name: this one was frozen for a whole lease. What still runs here may end. */
  #loseName(): void {
    if (this.#stopping !== 'no') return
    this.#failure = nameTaken(this.#settings.name)
    this.#logger.error('Another worker has taken the name of this one, which was frozen or cut off; leaving')
    this.stopWarm()
  }

  #fail(error: Error): void {
    this.#failure = error
    this.stopCold()
  }

  #leaveUnlessBusy(): void {
    if (this.#executions.size === 0 && !this.#store.isWriting) this.#end()
  }

  /** End the run if it has nothing more to do. Called when there is nothing to send to the store. */
  #leaveIfDone(): void {
    // A recovery may bring jobs, which belong to this run.
    if (this.#executions.size > 0 || (this.#recovery.isRunning && this.#stopping !== 'cold')) return
    const { burst, maxIdleMs = Number.POSITIVE_INFINITY } = this.#options
    const isBurstDone = burst && (this.#store.queuesEmpty || this.#store.isSuspended)
    const leftMs = this.#idleSinceMs + maxIdleMs - this.#settings.clock.monotonicMs()
    clearTimeout(this.#idleTimer)
    if (isBurstDone || this.#store.isSpent || leftMs <= 0) this.#end()
    else if (leftMs < Number.POSITIVE_INFINITY) this.#idleTimer = startTimer(leftMs, () => this.#store.nudge())
  }

  async #leave(loop: Promise<void>): Promise<void> {
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#leaveTimer)
    clearTimeout(this.#graceTimer)
    const stopped = [this.#commands, this.#broadcast, ...this.#duties].map((one) => one.stop())
    this.#store.close()
    // A heartbeat of the thread after the worker has unregistered would bring its record back.
    await this.#renewer?.stop()
    const horsesGone = this.#stopping === 'cold' ? this.#horses.killAll() : this.#horses.close()
    const unregistered = Promise.allSettled([
      loop,
      ...stopped,
      this.#settings.storage.workers.unregister(this.#identity),
      ...this.#options.services.map(async (service) => service.stop()),
    ])
    await Promise.all([horsesGone, within(LEAVE_MS, unregistered), this.#callLastWebhooks()])
  }

  async #callLastWebhooks(): Promise<void> {
    if (this.#stopping !== 'cold') await within(WEBHOOKS_LEAVE_MS, this.#webhooks.idle())
    this.#webhooks.stop()
  }
}

/** Return an error that a retry cannot help. @throws any other error. */
function rethrowIfRetryable(error: unknown): { readonly error: unknown } {
  if (error instanceof RqError && error.retryable) throw error
  return { error }
}
