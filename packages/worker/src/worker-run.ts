import { hostname } from 'node:os'
import { type Duty, type Logger, type PeriodicDuty, RqError, SECOND_MS, within } from '@rq/core'
import type { StopJobCommand, WorkerIdentity, WorkerState } from '@rq/job'
import type { JobContext } from '@rq/queue'
import { functionName, undecodedJob } from '@rq/queue/run'
import { Webhooks } from '@rq/webhooks'
import { Broadcast } from './duties/broadcast.ts'
import { Commands } from './duties/commands.ts'
import { heartbeat } from './duties/heartbeat.ts'
import { maintenance } from './duties/maintenance.ts'
import { Pauses } from './duties/pauses.ts'
import { recovery } from './duties/recovery.ts'
import type { WorkerEmitter } from './events.ts'
import type { ExecutionEnd, ExecutionParts } from './execution.ts'
import { HeldQueues } from './holds/held-queues.ts'
import type { PausedQueues } from './holds/paused-queues.ts'
import type { HorseStarters } from './horse-starters.ts'
import type { ResultRoom } from './horses/result-room.ts'
import { importPathWarnings } from './import-path-warnings.ts'
import { type JobNames, jobNamesOf } from './job-names.ts'
import { largestValue } from './lane.ts'
import { Lanes } from './lanes.ts'
import { LeaseRenewer } from './lease/lease-renewer.ts'
import type { WorkerSettings } from './options.ts'
import { SettlementPolicy } from './outcome/settlement-policy.ts'
import { WorkerHandlers } from './outcome/worker-handlers.ts'
import { Registration } from './registration.ts'
import { Shutdown } from './shutdown.ts'
import { firstAnswer } from './store/first-answer.ts'
import type { DequeueStrategy } from './store/queue-order.ts'
import { ModuleWatch } from './watch/module-watch.ts'
import { watchedFolders } from './watch/watched-folders.ts'
import { OF_SETTINGS, WorkerLog } from './worker-log.ts'
import type { WorkerService } from './worker-service.ts'

export interface WorkerRunOptions {
  readonly settings: WorkerSettings
  readonly context: JobContext
  readonly starterOf: HorseStarters
  /** Of the horses that these start. */
  readonly room: ResultRoom
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
  /** Queues of the worker that it claims nothing from. */
  readonly paused: PausedQueues
}

/** With this much data in the jobs that are held, those of dead workers wait until the next look. */
const MOST_BYTES_TAKEN = 32 * 1024 ** 2
/** The part of a lease that may pass without a heartbeat; a lease is renewed three times. */
const MOST_BEHIND = 2 / 3
/** How long a worker that leaves waits for the store. */
const LEAVE_MS = 300
/** How long a worker that leaves waits for the webhooks of its jobs. */
const WEBHOOKS_LEAVE_MS = 30 * SECOND_MS

/**
 * One run of a worker, from registration to the end that its {@link Shutdown} decides. It builds the parts of the
 * worker, starts them and stops them; a job's own way begins in its lane, see {@link Lanes}.
 */
export class WorkerRun {
  readonly shutdown: Shutdown
  readonly #options: WorkerRunOptions
  readonly #settings: WorkerSettings
  readonly #logger: Logger
  readonly #log: WorkerLog
  readonly #identity: WorkerIdentity
  /** Queues that `canClaim` holds back. */
  readonly #held: HeldQueues
  readonly #registration: Registration
  readonly #jobNames: JobNames
  readonly #renewer: LeaseRenewer | undefined
  readonly #lanes: Lanes
  readonly #webhooks: Webhooks
  readonly #recovery: PeriodicDuty
  readonly #pauses: Pauses
  readonly #commands: Commands
  readonly #broadcast: Broadcast
  readonly #duties: readonly Duty[]
  #watch: ModuleWatch | undefined
  #isStarted = false
  #hasSettled = false
  #heartbeatMs: number

  constructor(options: WorkerRunOptions) {
    const { context, settings } = options
    const { clock, leaseMs, logger, name, queues, storage } = settings
    this.#options = options
    this.#settings = settings
    this.#logger = logger
    this.#log = new WorkerLog(options.events, logger, {
      worker: name,
      showsDescriptions: settings.logJobDescription,
      functionOf: (job) => functionName(job, context.serializer),
      makeJob: (record) => undecodedJob(record, context),
    })
    const { instance, version } = options
    const host = { pid: process.pid, hostname: hostname(), version }
    this.#identity = { name, queues, instance, ttlS: settings.workerTtlS, ...host }
    this.#heartbeatMs = clock.monotonicMs()
    this.#held = new HeldQueues(clock)
    this.#registration = new Registration({ store: storage.workers, worker: this.#identity, leaseMs, logger })
    this.#jobNames = jobNamesOf(settings, this.#identity)
    this.#renewer = this.#makeRenewer()
    this.#webhooks = new Webhooks({
      policy: settings.webhooks,
      funcName: (job) => functionName(job, context.serializer),
      factsOf: (job) => this.#log.factsOf(job),
      logger,
    })
    this.#lanes = this.#makeLanes()
    this.#recovery = this.#makeRecovery()
    this.#pauses = this.#makePauses()
    this.#commands = this.#makeCommands()
    this.#broadcast = this.#makeBroadcast()
    this.#duties = this.#makeDuties()
    this.shutdown = this.#makeShutdown()
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
    this.#jobNames.start(this.shutdown.leaving)
    void this.#warnAboutSettings()
    this.#broadcast.start()
    // Before the first horse: a change during its start counts.
    if (this.#settings.watch) await this.#watchModules()
    this.#lanes.startHorses()
    await this.#startServices()
    this.#isStarted = true
    for (const duty of this.#duties) duty.start()
    const loop = this.#lanes.run()
    await this.shutdown.whenOver()
    await this.#leave(loop)
    this.#log.stopped(name)
    const { failure } = this.shutdown
    if (failure !== undefined) throw failure
    return this.#hasSettled
  }

  /** Run so many jobs of a queue at once from now on, in the lane of that queue. */
  setConcurrency(concurrency: number, queue: string): void {
    this.#lanes.setConcurrency(concurrency, queue)
  }

  get #state(): WorkerState {
    if (this.#lanes.jobs > 0) return 'busy'
    if (this.#lanes.isSuspended) return 'suspended'
    return this.#isStarted ? 'idle' : 'started'
  }

  /**
   * Whether this process was delayed for so long (the machine slept, or was overloaded) that leases of its own may have
   * ended. They must be renewed before others are looked at, or the worker would take its own jobs for abandoned.
   */
  get #isBehind(): boolean {
    if (this.#lanes.jobs === 0) return false
    const { clock, leaseMs } = this.#settings
    const agoMs = clock.monotonicMs() - this.#heartbeatMs
    return Math.min(agoMs, this.#renewer?.renewedAgoMs ?? agoMs) > leaseMs * MOST_BEHIND
  }

  /** For jobs that run in this event loop, if a thread can have a storage of its own. */
  #makeRenewer(): LeaseRenewer | undefined {
    const { heartbeatMs, horsePath, leaseMs, leaseStorage, logger, runsInline } = this.#settings
    if (!runsInline || leaseStorage === undefined) return undefined
    return new LeaseRenewer({
      source: leaseStorage,
      horsePath,
      worker: this.#identity,
      leaseMs,
      everyMs: heartbeatMs,
      state: () => this.#state,
      onLost: (lease) => this.#lanes.lose(lease.executionId),
      onNameTaken: () => this.shutdown.loseName(),
      logger,
    })
  }

  #makeLanes(): Lanes {
    const { settings, starterOf, strategy, maxJobs } = this.#options
    return new Lanes({
      settings,
      starterOf,
      strategy,
      maxJobs,
      parts: this.#makeParts(),
      ...{ paused: this.#options.paused, held: this.#held },
      onBroken: (error) => this.shutdown.fail(error),
      onJobsKnown: (names) => {
        this.#log.jobsKnown(names)
        this.#jobNames.report(names, this.shutdown.leaving)
      },
      onSuspended: (isSuspended) => this.#log.suspended(isSuspended),
      onIdle: () => this.shutdown.endIfDone(),
      onEnd: (end) => this.#noteEnd(end),
    })
  }

  #makeParts(): Omit<ExecutionParts, 'horses' | 'store'> {
    const { settings, context, room } = this.#options
    const { clock, exceptionHandlerRefs, exceptionHandlers, logger, signatureKeys, workHorseKilledHandler } = settings
    const haveReferences = exceptionHandlerRefs.length > 0
    return {
      handlers: new WorkerHandlers({
        context,
        logger,
        factsOf: (job) => this.#log.factsOf(job),
        haveReferences,
        exceptionHandlers,
        workHorseKilledHandler,
      }),
      policy: new SettlementPolicy(settings),
      webhooks: this.#webhooks,
      log: this.#log,
      clock,
      mustBeSigned: signatureKeys !== undefined,
      renewer: this.#renewer,
      room,
    }
  }

  #makeRecovery(): PeriodicDuty {
    const { leaseMs, limits, logger, name, queues, storage } = this.#settings
    return recovery({
      store: storage.workers,
      workerName: name,
      queues,
      leaseMs,
      largestBytes: largestValue(limits),
      logger,
      isWanted: () => !this.shutdown.isRequested && !this.#isBehind && this.#lanes.bytes < MOST_BYTES_TAKEN,
      onRecovered: (claimed) => this.#lanes.takeOver(claimed),
      onDone: () => this.#lanes.nudge(),
    })
  }

  #makePauses(): Pauses {
    const { heartbeatMs, logger, storage } = this.#settings
    return new Pauses({
      store: storage.workers,
      worker: this.#identity,
      ...{ paused: this.#options.paused, held: this.#held },
      everyMs: heartbeatMs,
      onChange: (paused) => {
        this.#log.pausesChanged(paused)
        this.#lanes.followPauses()
      },
      logger,
    })
  }

  #makeCommands(): Commands {
    const { logger, name, storage } = this.#settings
    return new Commands({
      store: storage.workers,
      workerName: name,
      logger,
      onShutdown: () => this.shutdown.stopWarm(),
      onKillHorse: () => this.#lanes.killBusyHorses(),
      onPause: (queue) => this.#pauses.pause(queue),
      onResume: (queue) => this.#pauses.resume(queue),
      onStopJob: (command) => this.#stopJob(command),
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
      this.#pauses,
      heartbeat({
        ...{ store, worker: this.#identity, jobs: this.#lanes, leaseMs, everyMs: heartbeatMs, logger },
        state: () => this.#state,
        mustKeep: (state) => this.#lanes.mustKeepState(state),
        onAnswered: () => {
          this.#heartbeatMs = clock.monotonicMs()
        },
        onNameTaken: () => this.shutdown.loseName(),
        wasRenewed: () => this.#renewer?.hasRenewed() ?? false,
      }),
      maintenance({ store, queueStore: storage.queues, worker: this.#identity, everyMs: maintenanceMs, logger }),
    ]
  }

  #makeShutdown(): Shutdown {
    const { burst, maxIdleMs, settings } = this.#options
    return new Shutdown({
      ...{ settings, burst, maxIdleMs },
      registration: this.#registration,
      lanes: this.#lanes,
      recovery: this.#recovery,
    })
  }

  /** Listens first: a program that finds the worker listed may send it a command at once. */
  async #register(): Promise<void> {
    this.#commands.start()
    const { leaving } = this.shutdown
    await firstAnswer(() => this.#commands.answered, this.#logger, leaving)
    try {
      await this.#registration.register(leaving)
    } catch (error) {
      await this.#commands.stop()
      throw error
    }
  }

  async #warnAboutSettings(): Promise<void> {
    const { importPaths, storage } = this.#settings
    const ofPaths = await importPathWarnings(importPaths, storage.admin.isUnprotected)
    const ofStore = await storage.admin.warnings().catch(() => [])
    for (const warning of [...ofPaths, ...ofStore]) this.#logger.warn(warning, OF_SETTINGS)
  }

  async #watchModules(): Promise<void> {
    const { allow, importPaths, jobs, logger } = this.#settings
    this.#watch = new ModuleWatch({
      folders: await watchedFolders(importPaths, allow, jobs),
      logger,
      onChange: (paths) => {
        this.#log.modulesChanged(paths)
        this.#lanes.renewHorses()
      },
    })
    await this.#watch.start()
  }

  async #startServices(): Promise<void> {
    try {
      for (const service of this.#options.services) {
        if (this.#options.burst) await firstAnswer(async () => service.runOnce?.(), this.#logger, this.shutdown.leaving)
        await service.start()
      }
    } catch (cause) {
      const message = 'A service of the worker (such as its scheduler) failed to start.'
      this.shutdown.fail(new RqError('RQ_INVALID_OPERATION', message, { cause }))
    }
  }

  #stopJob(command: StopJobCommand): void {
    if (this.#lanes.stop(command)) return
    this.#logger.warn(`Cannot stop job ${command.jobId}: this worker is not running it`)
  }

  #noteEnd(end: ExecutionEnd): void {
    if (end === 'settled') {
      this.#hasSettled = true
      this.shutdown.noteSettled()
    }
    this.shutdown.endIfStopped()
  }

  async #leave(loop: Promise<void>): Promise<void> {
    const stopped = [this.#commands, this.#broadcast, ...this.#duties].map((one) => one.stop())
    this.#lanes.close()
    this.#watch?.stop()
    // A heartbeat of the thread after the worker has unregistered would bring its record back.
    await this.#renewer?.stop()
    const horsesGone = this.shutdown.isCold ? this.#lanes.killHorses() : this.#lanes.closeHorses()
    const unregistered = Promise.allSettled([
      loop,
      ...stopped,
      this.#registration.unregister(),
      ...this.#options.services.map(async (service) => service.stop()),
    ])
    await Promise.all([horsesGone, within(LEAVE_MS, unregistered), this.#callLastWebhooks()])
  }

  async #callLastWebhooks(): Promise<void> {
    if (!this.shutdown.isCold) await within(WEBHOOKS_LEAVE_MS, this.#webhooks.idle())
    this.#webhooks.stop()
  }
}
