import { hostname } from 'node:os'
import { type Logger, type RqError, SECOND_MS, silentLogger } from '@rq/core'
import type { Claimed, Lease, SettleAnswer, Settlement, WorkerBirth, WorkerCommand, WorkerState } from '@rq/job'
import type { JobContext } from '@rq/queue'
import { pause } from './backoff.ts'
import { Duty } from './duty.ts'
import { POISON_COUNT } from './ending.ts'
import type { JobEvent, WorkerEmitter } from './events.ts'
import type { Task } from './horse/protocol.ts'
import { answerCall } from './horse-calls.ts'
import { type HorseFacts, HorsePool, type PoolOwner, type TaskFate } from './horse-pool.ts'
import type { HorseExit, HorseStarter } from './horse-port.ts'
import { Judge, type JudgeOwner } from './judge.ts'
import { LeaseBook, leaseOf } from './lease-book.ts'
import type { WorkerSettings } from './options.ts'
import { Pump, type PumpOwner } from './pump.ts'
import { type DequeueStrategy, QueueOrder } from './queue-order.ts'

/** Something that runs beside the worker for as long as it works, such as a scheduler. */
export interface WorkerService {
  start(): Promise<void> | void
  stop(): Promise<void> | void
  /** Do at once what is due. Awaited at the start, so that a burst finds it done. */
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
const RECOVER_AT_ONCE = 100

/**
 * One stay of a worker at work: from its registration until it leaves. Owns the pump, the horses, the leases and the
 * duties; they own nothing of each other and tell it what happens.
 * It ends when it was told to stop and everything has been settled, when a burst finds nothing more, when `maxJobs` or
 * `maxIdleTime` is reached, or when no horse can be started.
 */
export class Shift implements PumpOwner, PoolOwner, JudgeOwner {
  readonly #options: ShiftOptions
  readonly #settings: WorkerSettings
  readonly #logger: Logger
  readonly #isLogging: boolean
  readonly #birth: WorkerBirth
  readonly #pump: Pump
  readonly #pool: HorsePool
  readonly #judge: Judge
  readonly #book = new LeaseBook()
  readonly #duties: readonly Duty[]
  readonly #ended: Promise<void>
  #end: () => void = () => {}
  #failure: RqError | undefined
  #stopping: 'no' | 'warm' | 'cold' = 'no'
  #started = false
  #settled = 0
  #idleSinceMs: number
  #idleTimer: NodeJS.Timeout | undefined
  #leaveTimer: NodeJS.Timeout | undefined

  constructor(options: ShiftOptions) {
    const { context, settings, strategy } = options
    const { clock, concurrency, leaseMs, logger, name, queues, storage } = settings
    const isInline = settings.horse === 'inline'
    this.#options = options
    this.#settings = settings
    this.#logger = logger
    this.#isLogging = logger !== silentLogger
    this.#birth = {
      name,
      queues,
      pid: process.pid,
      hostname: hostname(),
      version: options.version,
      ttlS: settings.workerTtlS,
    }
    this.#idleSinceMs = clock.monotonicMs()
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#pump = new Pump(
      {
        store: storage.workers,
        workerName: name,
        leaseMs,
        queues,
        order: new QueueOrder(queues, strategy),
        clock,
        logger,
        ...(options.maxJobs !== undefined && { maxJobs: options.maxJobs }),
      },
      this,
    )
    this.#pool = new HorsePool(
      {
        size: isInline ? 1 : concurrency,
        lanes: isInline ? concurrency : 1,
        killable: !isInline,
        start: options.start,
        setup: {
          workerName: name,
          imports: settings.horse === 'thread' ? settings.imports : [],
          serializer: typeof settings.serializer === 'string' ? settings.serializer : settings.serializer.name,
          allow: settings.allow,
          exceptionHandlers: settings.exceptionHandlerRefs,
          ...(settings.importPaths && { importPaths: settings.importPaths }),
          ...(settings.horseStorage && { storage: settings.horseStorage }),
        },
        prefetch: settings.prefetch,
        horseMaxJobs: isInline ? 0 : settings.horseMaxJobs,
        horseMaxBytes: isInline ? 0 : settings.horseMaxBytes,
        clock,
        logger,
      },
      this,
    )
    this.#judge = new Judge(
      {
        context,
        clock,
        logger,
        defaultResultTtlS: settings.defaultResultTtlS,
        onAbandoned: settings.onAbandoned,
        handlersInHorse: settings.exceptionHandlerRefs.length > 0,
        exceptionHandlers: settings.exceptionHandlers,
        ...(settings.workHorseKilledHandler && { workHorseKilledHandler: settings.workHorseKilledHandler }),
      },
      this,
    )
    this.#duties = [
      new Duty({ name: 'heartbeat', everyMs: settings.heartbeatMs, logger, runOnce: () => this.#heartbeat() }),
      new Duty({ name: 'recovery', everyMs: leaseMs / 3, jitter: 0.3, logger, runOnce: () => this.#recover() }),
      new Duty({
        name: 'maintenance',
        everyMs: settings.maintenanceMs,
        jitter: 0.1,
        logger,
        runOnce: () => this.#maintain(),
      }),
    ]
  }

  /**
   * @returns whether it did any work.
   * @throws RqError `RQ_WORKER_NAME_TAKEN`; `RQ_HORSE_TERMINATED` when no horse can be started.
   */
  async work(): Promise<boolean> {
    const { events, services } = this.#options
    const { storage, name, queues } = this.#settings
    await Promise.race([storage.workers.register(this.#birth), this.#ended])
    this.#logger.info(`Worker ${name} started, listening on ${queues.join(', ')}`)
    events.tell('worker:started', () => ({ name }))
    const unsubscribe = this.#listen()
    this.#pool.start()
    for (const service of services) {
      await service.runOnce?.()
      await service.start()
    }
    for (const duty of this.#duties) duty.start()
    void this.#recoverAtOnce()
    this.#started = true
    const pumping = this.#pump.run()
    await this.#ended
    await this.#leave(pumping, unsubscribe)
    this.#logger.info(`Worker ${name} stopped`)
    events.tell('worker:stopped', () => ({ name }))
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
    // A claim under way may bring jobs; but a store that does not answer must not keep an idle worker.
    this.#leaveTimer = setTimeout(() => this.#leaveUnlessBusy(), LEAVE_MS)
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

  #leaveUnlessBusy(): void {
    if (this.#book.size === 0 && !this.#pump.isWriting) this.#end()
  }

  async #leave(pumping: Promise<void>, unsubscribe: () => Promise<void>): Promise<void> {
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#leaveTimer)
    for (const duty of this.#duties) duty.stop()
    this.#pump.close()
    const limit = new AbortController()
    const limited = pause(LEAVE_MS, limit.signal)
    const stopped = this.#stopping === 'cold' ? this.#pool.killAll() : this.#pool.close()
    const farewell = Promise.allSettled([
      pumping,
      unsubscribe(),
      this.#settings.storage.workers.unregister(this.#birth),
      ...this.#options.services.map(async (service) => service.stop()),
    ])
    await Promise.all([stopped, Promise.race([farewell, limited])])
    limit.abort()
  }

  // --- what the pump tells

  room(): number {
    return this.#pool.room()
  }

  isFed(): boolean {
    return this.#pool.isFed()
  }

  onClaimed(jobs: readonly Claimed[]): void {
    for (const claimed of jobs) this.#book.add(claimed)
    this.#pool.assign(jobs)
  }

  onSending(settlement: Settlement): Settlement {
    return this.#book.wasBeaten(settlement.executionId) ? { ...settlement, executionRecorded: true } : settlement
  }

  onSettled(settlement: Settlement, answer: SettleAnswer): void {
    const claimed = this.#book.delete(settlement.executionId)
    this.#settled++
    this.#idleSinceMs = this.#settings.clock.monotonicMs()
    if (claimed === undefined) return
    if (answer === 'lost') this.#tellLost(claimed)
    else if (answer === 'applied') this.#tellEnd(claimed, settlement)
  }

  onGivenBack(leases: readonly Lease[]): void {
    for (const { executionId } of leases) this.#book.delete(executionId)
    if (this.#stopping !== 'no') this.#leaveUnlessBusy()
  }

  onSuspended(suspended: boolean): void {
    this.#logger.info(suspended ? 'Suspended: waiting for resume' : 'Resumed')
    this.#options.events.emit(suspended ? 'worker:suspended' : 'worker:resumed')
  }

  onIdle(): void {
    if (this.#book.size > 0) return
    const { burst, maxIdleMs } = this.#options
    const isDone = burst && (this.#pump.isDry || this.#pump.isSuspended)
    if (isDone || this.#pump.isSpent) return this.#end()
    if (maxIdleMs === undefined) return
    const leftMs = this.#idleSinceMs + maxIdleMs - this.#settings.clock.monotonicMs()
    if (leftMs <= 0) return this.#end()
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => this.#pump.nudge(), leftMs)
  }

  // --- what the horses tell

  onRoom(): void {
    this.#pump.nudge()
  }

  onBegin(task: Task): void {
    if (task.kind !== 'job') return
    const { id, record } = task
    if (this.#isLogging) this.#logger.info(`${record.origin}: ${record.description ?? 'a job'} (${record.id})`)
    this.#options.events.tell('job:started', () => jobEvent({ executionId: id, job: record }))
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
    this.#failure = error
    this.stopCold()
  }

  onCall(...[horse, call]: Parameters<PoolOwner['onCall']>): void {
    void answerCall(this.#settings.storage, horse, call)
  }

  onHorseStarted(facts: HorseFacts): void {
    this.#options.events.tell('horse:started', () => facts)
  }

  onHorseEnded(facts: HorseFacts, { code, signal }: HorseExit): void {
    this.#options.events.tell('horse:ended', () => ({ ...facts, code, signal }))
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

  // --- duties

  async #heartbeat(): Promise<void> {
    const { leaseMs, storage } = this.#settings
    const currentJobId = this.#book.firstJobId
    const lost = await storage.workers.heartbeat({
      worker: this.#birth,
      state: this.#state,
      leases: this.#book.beat(),
      leaseMs,
      ...(currentJobId !== undefined && { currentJobId }),
    })
    for (const { executionId } of lost) this.#lose(executionId)
  }

  /** What is being settled or given back is answered by that. */
  #lose(executionId: string): void {
    const claimed = this.#book.get(executionId)
    if (claimed === undefined || this.#book.stateOf(executionId) !== 'held') return
    this.#tellLost(claimed)
    this.#pool.abort(executionId, 'lease_lost')
  }

  async #recoverAtOnce(): Promise<void> {
    await this.#duties[1]?.runOnce()
  }

  async #recover(): Promise<void> {
    const { leaseMs, name, queues, storage } = this.#settings
    for (const queue of queues) {
      if (this.#stopping !== 'no') return
      for (const claimed of await storage.workers.recover(queue, name, leaseMs, RECOVER_AT_ONCE))
        this.#takeOver(claimed)
    }
  }

  #takeOver(claimed: Claimed): void {
    const { job } = claimed
    this.#book.add(claimed)
    this.#logger.warn(`${job.origin}: Job was abandoned by its worker (${job.id})`, { count: job.abandonedCount ?? 0 })
    const isPoisoned = (job.abandonedCount ?? 0) >= POISON_COUNT
    this.#options.events.tell(isPoisoned ? 'job:poisoned' : 'job:abandoned', () => jobEvent(claimed))
    void this.#judge.abandoned(claimed)
  }

  async #maintain(): Promise<void> {
    const { queues, storage } = this.#settings
    for (const queue of queues) {
      for (const kind of ['finished', 'failed'] as const) await storage.queues.registryCleanup(queue, kind)
    }
  }

  // --- commands

  /** Listen for commands; keeps trying when the store does not answer. Returns what ends it. */
  #listen(): () => Promise<void> {
    const { name, storage } = this.#settings
    const ended = new AbortController()
    const listening = (async () => {
      while (!ended.signal.aborted) {
        try {
          return await storage.workers.onCommand(name, (command) => this.#obey(command))
        } catch (error) {
          this.#logger.warn('Cannot listen for commands; trying again', { error: String(error) })
          await pause(2 * SECOND_MS, ended.signal)
        }
      }
      return undefined
    })()
    return async () => {
      ended.abort()
      await (await listening)?.()
    }
  }

  #obey(command: WorkerCommand): void {
    switch (command.command) {
      case 'shutdown':
        this.#logger.info('Received shutdown command')
        this.stopWarm()
        return
      case 'kill-horse': {
        const killed = this.#pool.killBusy('kill_horse')
        this.#logger.info(killed === 0 ? 'Received kill-horse command, but no job runs' : 'Received kill-horse command')
        return
      }
      case 'stop-job': {
        const claimed = this.#book.ofJob(command.jobId, command.executionId)
        if (claimed === undefined)
          this.#logger.warn(`Received stop-job command for a job that is not here (${command.jobId})`)
        else this.#pool.abort(claimed.executionId, 'stopped')
      }
    }
  }

  #tellLost(claimed: Claimed): void {
    const { id, origin } = claimed.job
    this.#logger.warn(`${origin}: Lease lost: the job belongs to another worker by now (${id})`)
    this.#options.events.tell('lease_lost', () => jobEvent(claimed))
  }

  #tellEnd(claimed: Claimed, settlement: Settlement): void {
    this.#options.events.tell(endOf(settlement), () => ({ ...jobEvent(claimed), settlement }))
  }
}

function endOf({ to, counts }: Settlement) {
  if (to === 'finished' || to === 'failed' || to === 'stopped') return `job:${to}` as const
  return counts === 'successful' ? 'job:repeated' : 'job:retried'
}

function jobEvent({ executionId, job }: Claimed): JobEvent {
  return { jobId: job.id, executionId, queue: job.origin, record: job }
}
