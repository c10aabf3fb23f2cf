import { checkOptionNames, type DurationLike, invalidOption, type OptionNames, RqError, randomHex } from '@rq/core'
import type { Storage } from '@rq/job'
import { SizeLimits } from '@rq/queue/run'
import type { Codec, Serializer } from '@rq/serializer'
import { WorkerEmitter } from './events.ts'
import { PausedQueues } from './holds/paused-queues.ts'
import { horseStarters } from './horse-starters.ts'
import { ResultRoom } from './horses/result-room.ts'
import { openInlineJobs } from './inline-jobs.ts'
import { importFromHere } from './inside-horse/import-from-here.ts'
import { loadCodec } from './inside-horse/load-codec.ts'
import { loadSerializer } from './inside-horse/load-serializer.ts'
import { isQueuePlan, type WorkerQueues, withConcurrency } from './lane-settings.ts'
import { WORK_OPTIONS, WORKER_OPTIONS } from './option-table.ts'
import { checkWorkerOptions, WORKER_OPTION_NAMES, type WorkerOptions, type WorkerSettings } from './options.ts'
import { titled } from './process-title.ts'
import { checkImports, checkJobsModule, checkStart } from './start-check.ts'
import type { DequeueStrategy } from './store/queue-order.ts'
import { version } from './version.ts'
import { WorkerRun, type WorkerRunOptions } from './worker-run.ts'
import type { WorkerService } from './worker-service.ts'

export interface WorkOptions {
  /** Exit when the queues are empty. Default false. */
  burst?: boolean
  /** Exit after this many jobs. Default: no limit. */
  maxJobs?: number
  /** Exit after this long without a job. Default: no limit. */
  maxIdleTime?: DurationLike
  /** Which queue to serve first. Default: the order given. */
  dequeueStrategy?: DequeueStrategy
  /** A service that runs while the worker works, such as a scheduler. */
  withScheduler?: WorkerService
}

/** The names of {@link WorkOptions}. */
export const WORK_OPTION_NAMES: OptionNames<WorkOptions> = {
  burst: true,
  maxJobs: true,
  maxIdleTime: true,
  dequeueStrategy: true,
  withScheduler: true,
}

/** How one run of a worker works. */
type WorkPlan = Pick<WorkerRunOptions, 'burst' | 'maxIdleMs' | 'maxJobs' | 'services' | 'strategy'>

/**
 * Claims jobs from queues and runs them in horses. States: idle -> working ({@link work}) -> stopping ({@link stop}) ->
 * idle. Unless `horse` is `inline`, the worker's own process runs no code of jobs, so that no job can keep it from
 * renewing leases and enforcing time limits. Emits {@link WorkerEvents}.
 */
export class Worker extends WorkerEmitter {
  #settings: WorkerSettings
  readonly #paused: PausedQueues
  readonly #instance = randomHex()
  #run: WorkerRun | undefined
  #working: Promise<boolean> | undefined
  #stopWanted: 'no' | 'warm' | 'cold' = 'no'

  /** @throws RqError `RQ_INVALID_OPTION`. */
  constructor(queues: WorkerQueues, options: WorkerOptions) {
    super()
    this.#settings = checkWorkerOptions(queues, options)
    this.#paused = new PausedQueues(this.#settings.queues)
  }

  get name(): string {
    return this.#settings.name
  }

  /** The names of its queues, in order of service. */
  get queueNames(): readonly string[] {
    return this.#settings.queues
  }

  /** Those of its queues that are paused for this worker. */
  get pausedQueues(): readonly string[] {
    return this.#paused.names
  }

  get isWorking(): boolean {
    return this.#working !== undefined
  }

  protected get storage(): Storage {
    return this.#settings.storage
  }

  /**
   * Register, then claim and run jobs until an option says to exit, or {@link stop} is called.
   * @returns whether any job was run.
   * @throws RqError `RQ_INVALID_OPTION`; `RQ_INVALID_OPERATION` when it is working already; `RQ_WORKER_NAME_TAKEN`;
   *   `RQ_HORSE_TERMINATED` when no horse can be started; `RQ_CONFIG` when the files for horses are missing, as in a
   *   bundle.
   */
  async work(options: WorkOptions = {}): Promise<boolean> {
    checkOptionNames(options, WORK_OPTION_NAMES, 'worker.work')
    if (this.#working !== undefined)
      throw new RqError('RQ_INVALID_OPERATION', `Worker ${this.name} is working already.`)
    const { burst = false, dequeueStrategy = 'default', maxIdleTime, maxJobs, withScheduler } = options
    if (withScheduler !== undefined && typeof withScheduler?.start !== 'function') {
      throw invalidOption('withScheduler', withScheduler, 'a service with start() and stop()')
    }
    const plan = {
      burst,
      strategy: WORK_OPTIONS.dequeueStrategy.check(dequeueStrategy, 'dequeueStrategy'),
      maxJobs: maxJobs === undefined ? undefined : WORK_OPTIONS.maxJobs.check(maxJobs, 'maxJobs'),
      maxIdleMs: maxIdleTime === undefined ? undefined : WORK_OPTIONS.maxIdleTime.check(maxIdleTime, 'maxIdleTime'),
      services: withScheduler === undefined ? [] : [withScheduler],
    }
    this.#working = this.#work(plan)
    try {
      return await this.#working
    } finally {
      this.#working = undefined
      this.#run = undefined
      this.#stopWanted = 'no'
    }
  }

  /**
   * Claim no more jobs, return those that have not begun, let running jobs finish, and leave. With `force`, kill
   * running jobs: they go back to the head of their queues, and no attempt is counted. Resolves when {@link work} has.
   */
  async stop(options: { force?: boolean } = {}): Promise<void> {
    checkOptionNames(options, { force: true }, 'worker.stop')
    const working = this.#working
    if (working === undefined) return
    if (options.force === true) this.#stopWanted = 'cold'
    else if (this.#stopWanted === 'no') this.#stopWanted = 'warm'
    this.#passOnStop()
    await working.catch(() => {})
  }

  /**
   * Claim no more jobs of a queue, by default of all. Running jobs go on; jobs that this worker claimed ahead and has
   * not begun go back to the head of their queue, and no attempt is counted. Other workers are not affected; to pause a
   * queue for all of them, call `queue.pause()`. It lasts until {@link resume} or the end of this process, also where
   * {@link work} is called later or again. Returns at once.
   * @throws RqError `RQ_INVALID_OPTION` for a queue that this worker does not serve.
   */
  pause(queue?: string): void {
    this.#paused.pause(queue)
  }

  /** End the pause of a queue, by default of all. Returns at once. @throws as {@link pause}. */
  resume(queue?: string): void {
    this.#paused.resume(queue)
  }

  /**
   * Run another number of jobs at once: from now on if the worker is working, and whenever it works. With more, horses
   * are started; with fewer, running jobs end as they would have ended, and none begins until fewer than that run.
   * Returns at once.
   * @param queue - which queue, where each has a concurrency of its own.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  setConcurrency(concurrency: number, queue?: string): void {
    const checked = checkConcurrency(concurrency)
    const lanes = withConcurrency(this.#settings.lanes, checked, queue)
    this.#settings = { ...this.#settings, lanes }
    const [name] = queue === undefined ? this.queueNames : [queue]
    if (name !== undefined) this.#run?.setConcurrency(checked, name)
  }

  #passOnStop(): void {
    if (this.#stopWanted === 'cold') this.#run?.shutdown.stopCold()
    else if (this.#stopWanted === 'warm') this.#run?.shutdown.stopWarm()
  }

  async #work(plan: WorkPlan): Promise<boolean> {
    const { imports, jobs, runsInline } = this.#settings
    await checkImports(imports)
    if (typeof jobs === 'string') await checkJobsModule(jobs, imports)
    // Horses of other kinds import these modules themselves.
    if (!runsInline) return this.#workWith(this.#settings, plan)
    for (const module of imports) await importFromHere(module)
    const inline = await openInlineJobs(this.#settings)
    try {
      return await this.#workWith({ ...this.#settings, functions: inline.functions }, plan)
    } finally {
      await inline.close()
    }
  }

  async #workWith(settings: WorkerSettings, plan: WorkPlan): Promise<boolean> {
    const { allow, exceptionHandlerRefs: handlers, functions, importPaths, runsInline, scripts } = settings
    await checkStart({ allow, functions, importPaths, scripts, handlers, mayImport: runsInline })
    const serializer = await this.#serializer()
    const codec = await this.#codec()
    const limits = new SizeLimits(settings.limits, settings.logger)
    const room = new ResultRoom()
    this.#run = new WorkerRun({
      ...plan,
      // The concurrency may have been set meanwhile.
      settings: { ...settings, lanes: this.#settings.lanes },
      version,
      instance: this.#instance,
      paused: this.#paused,
      events: this,
      context: { storage: settings.storage, serializer, limits },
      room,
      starterOf: horseStarters(settings, { serializer, codec, limits }, room),
    })
    const untitle = settings.processTitle
      ? titled(`rq worker ${settings.name}: listening on ${settings.queues.join(', ')}`)
      : undefined
    this.#passOnStop()
    try {
      return await this.#run.work()
    } finally {
      untitle?.()
    }
  }

  async #serializer(): Promise<Serializer> {
    const { serializer } = this.#settings
    return typeof serializer === 'string' ? loadSerializer(serializer) : serializer
  }

  /** Only inline horses get it from here: the others load it themselves, and the worker does not decode. */
  async #codec(): Promise<Codec | undefined> {
    const { codec, runsInline } = this.#settings
    if (!runsInline) return undefined
    return typeof codec === 'string' ? loadCodec(codec) : codec
  }
}

function checkConcurrency(value: unknown): number {
  if (value === 0) throw invalidOption('concurrency', value, 'at least 1; to claim no jobs, call worker.pause()')
  return WORKER_OPTIONS.concurrency.check(value, 'concurrency')
}

const { horse: _, ...SIMPLE_NAMES } = WORKER_OPTION_NAMES

/** A worker that runs jobs in its own event loop, `concurrency` at once. */
export class SimpleWorker extends Worker {
  constructor(queues: WorkerQueues, options: Omit<WorkerOptions, 'horse'>) {
    super(inlineQueues(queues), { ...checkOptionNames(options, SIMPLE_NAMES, 'SimpleWorker'), horse: 'inline' })
  }
}

/** @throws RqError `RQ_INVALID_OPTION` for a queue whose jobs should run elsewhere. */
export function inlineQueues(queues: WorkerQueues): WorkerQueues {
  if (!isQueuePlan(queues)) return queues
  for (const [name, options] of Object.entries(queues)) {
    const { horse = 'inline' } = typeof options === 'object' && options !== null ? options : {}
    if (horse === 'inline') continue
    throw invalidOption(`queues.${name}.horse`, horse, "'inline': all jobs of a SimpleWorker run in its own event loop")
  }
  return queues
}
