import { once } from 'node:events'
import { hostname } from 'node:os'
import {
  type Clock,
  checkKnownName,
  checkName,
  checkOptionNames,
  type DurationLike,
  durationS,
  invalidOption,
  type Logger,
  type LoggerLike,
  loggerOf,
  type OptionNames,
  oneLine,
  RqError,
  randomHex,
  silentLogger,
  systemClock,
  within,
} from '@rq/core'
import type { AnyFunction, CronSchedulerRecord } from '@rq/job'
import {
  type Callable,
  checkedContextOf,
  contextOf,
  JobSigner,
  type QueueOptions,
  type ResultOf,
  type StorageOptions,
} from '@rq/queue'
import { CronConfigLoader } from './cron-config-loader.ts'
import { CronEntries } from './cron-entries.ts'
import type { CronContext, CronEntry } from './cron-entry.ts'
import { type CronJob, HISTORY_NAMES, type HistoryRange } from './cron-job.ts'
import { type CronOptions, checkCron } from './cron-options.ts'
import { CronPresence } from './cron-presence.ts'
import { registerCronScheduler } from './cron-registration.ts'
import { type PendingCron, takePending } from './cron-registry.ts'
import { CronSchedulerInfo } from './cron-scheduler-info.ts'
import { CronTicker } from './cron-ticker.ts'
import { StoreClock } from './store-clock.ts'

export interface CronSchedulerOptions
  extends Pick<QueueOptions, 'storage' | 'serializer' | 'codec' | 'importPaths' | 'sign'> {
  /**
   * Unique among living schedulers. Default: `host:pid:` and six random digits. The name of a scheduler that was killed
   * is free 45 seconds after its last heartbeat.
   */
  readonly name?: string
  /** Default: silent. */
  readonly logger?: LoggerLike
  readonly clock?: Clock
}

export interface CronSchedulersOptions extends StorageOptions {
  /**
   * A scheduler that sent no heartbeat for this long is dead, and is removed from the list for all. Default 2 minutes,
   * as in RQ.
   */
  readonly staleAfter?: DurationLike
}

export interface LoadConfigOptions {
  /**
   * Reload it when the file changes. When a version fails, that is logged and the one before stays in force. Default
   * false.
   */
  readonly watch?: boolean
}

/** The names of {@link CronSchedulerOptions}. */
export const CRON_SCHEDULER_OPTION_NAMES: OptionNames<CronSchedulerOptions> = {
  storage: true,
  serializer: true,
  codec: true,
  importPaths: true,
  sign: true,
  name: true,
  logger: true,
  clock: true,
}

/** A store that does not answer does not keep a scheduler from leaving. */
const LEAVE_MS = 500

/**
 * Enqueues jobs by interval or cron expression. Any number of schedulers may have the same cron jobs: each tick is
 * enqueued at most once. It runs no job itself; workers do. States: stopped -> started ({@link start}) -> stopped
 * ({@link stop}). It keeps the process alive while it runs.
 */
export class CronScheduler {
  readonly name: string
  readonly hostname = hostname()
  readonly pid = process.pid
  readonly createdAt: Date
  /** Random: no other scheduler with the same name has it. */
  readonly #instance = randomHex()
  readonly #context: CronContext
  readonly #logger: Logger
  readonly #ticker: CronTicker
  readonly #presence: CronPresence
  readonly #entries: CronEntries
  readonly #config: CronConfigLoader
  /** Aborted by stop(); undefined while it is stopped. */
  #run: AbortController | undefined

  /** @throws RqError `RQ_INVALID_OPTION`. Connects to nothing. */
  constructor(options: CronSchedulerOptions) {
    checkOptionNames(options, CRON_SCHEDULER_OPTION_NAMES, 'CronScheduler')
    const { clock = systemClock, importPaths, logger = silentLogger, name, serializer, sign, storage } = options
    if (typeof storage !== 'object' || storage === null) throw invalidOption('storage', storage, 'a storage')
    const { codec } = contextOf({ storage, codec: options.codec })
    this.name = name === undefined ? `${this.hostname}:${this.pid}:${randomHex().slice(0, 6)}` : checkName(name, 'name')
    this.createdAt = new Date(clock.nowMs())
    this.#logger = loggerOf(logger).child({ cronScheduler: this.name })
    const storeClock = new StoreClock(clock)
    this.#context = {
      storage,
      clock: storeClock,
      logger: this.#logger,
      signer: sign && new JobSigner(sign),
      queueOptions: {
        ...(importPaths && { importPaths }),
        ...(serializer !== undefined && { serializer }),
        ...(codec !== undefined && { codec }),
      },
    }
    this.#entries = new CronEntries(this.#context)
    this.#config = new CronConfigLoader({ apply: (pending) => this.#applyConfig(pending), logger: this.#logger })
    this.#presence = new CronPresence({
      store: storage.crons,
      clock: storeClock,
      logger: this.#logger,
      record: () => this.#record(),
      instance: this.#instance,
    })
    this.#ticker = new CronTicker({
      clock: storeClock,
      entries: () => this.#entries.all,
      onEnqueued: () => this.#presence.changed(),
      logger: this.#logger,
    })
  }

  /**
   * The living schedulers with the cron jobs that they have registered, oldest heartbeat first.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  static async all(options: CronSchedulersOptions = {}): Promise<CronSchedulerInfo[]> {
    const { storage } = checkedContextOf(options, 'CronScheduler.all', { staleAfter: true })
    const { staleAfter } = options
    const staleS = staleAfter === undefined ? undefined : durationS(staleAfter, 'staleAfter')
    const records = await storage.crons.schedulers(staleS)
    return records.map((record) => new CronSchedulerInfo(record))
  }

  /** @throws RqError `RQ_NO_SUCH_SCHEDULER`. */
  static async fetch(name: string, options: StorageOptions = {}): Promise<CronSchedulerInfo> {
    const { storage } = checkedContextOf(options, 'CronScheduler.fetch')
    const record = await storage.crons.scheduler(checkKnownName(name, 'name'))
    if (record === undefined)
      throw new RqError('RQ_NO_SUCH_SCHEDULER', `There is no cron scheduler named '${oneLine(name)}'.`)
    return new CronSchedulerInfo(record)
  }

  get status(): 'stopped' | 'started' {
    return this.#run === undefined ? 'stopped' : 'started'
  }

  /** Path of the config module it has loaded; empty when there is none. */
  get configFile(): string {
    return this.#config.path
  }

  /**
   * Register a cron job: a function to be enqueued by `interval`, or by `cron` in a `timezone`. While the scheduler is
   * started, errors that show later, such as a function that no worker can import, are logged, and the cron job is
   * dropped.
   * @throws RqError `RQ_INVALID_OPTION`, for a cron expression with the position of the mistake.
   */
  register<F extends AnyFunction>(func: Callable<F>, options: CronOptions<F>): CronJob<ResultOf<F>> {
    const entry = this.#entries.add(checkCron(func, options))
    if (this.#run !== undefined) {
      this.#entries.open([entry]).then(
        () => this.#changed(),
        (error) => this.#drop(entry, error),
      )
    }
    return this.#entries.jobOf(entry) as CronJob<ResultOf<F>>
  }

  /**
   * Load a module that registers cron jobs by `cron.register`. It replaces a config that was loaded before.
   * @throws RqError `RQ_CONFIG` when it is missing or fails, and the errors of `register`; then nothing has changed.
   */
  async loadConfig(path: string, options: LoadConfigOptions = {}): Promise<void> {
    const { watch = false } = checkOptionNames(options, { watch: true }, 'loadConfig')
    await this.#config.load(path, watch)
  }

  /** The registered cron jobs, in order. */
  getJobs(): CronJob[] {
    return this.#entries.all.map((entry) => this.#entries.jobOf(entry))
  }

  /**
   * Register what `cron.register` has collected in this process, locate the functions, add this scheduler to the list,
   * and begin. Resolves when it runs, or when it is stopped meanwhile. If its name is that of a scheduler that has not
   * left, it waits until a heartbeat of that one comes, within 15 seconds, or its name is free.
   * @throws RqError `RQ_INVALID_REFERENCE`, `RQ_SERIALIZATION` for a cron job that no worker could run;
   *   `RQ_SCHEDULER_NAME_TAKEN`; RqError of the store when it cannot be reached.
   */
  async start(): Promise<void> {
    if (this.#run !== undefined) return
    for (const [func, options] of takePending()) this.register(func, options)
    const run = new AbortController()
    this.#run = run
    try {
      await Promise.race([this.#enter(run.signal), once(run.signal, 'abort')])
    } catch (error) {
      if (this.#run === run) this.#run = undefined
      throw error
    }
    if (run.signal.aborted) return
    this.#logger.info(`Cron scheduler ${this.name} started with ${this.#entries.all.length} jobs`)
    this.#config.watch()
    this.#ticker.start()
    this.#presence.start()
    this.#presence.changed()
  }

  /** Stop, and remove this scheduler from the list. Resolves within a second, whatever the store does. */
  async stop(): Promise<void> {
    this.#run?.abort()
    this.#run = undefined
    this.#config.unwatch()
    const ended = Promise.all([this.#ticker.stop(), this.#presence.stop()])
    await Promise.all([this.#leave(), within(LEAVE_MS, ended)])
    this.#logger.info(`Cron scheduler ${this.name} stopped`)
  }

  /**
   * Enqueue what is due now, for callers with a clock of their own. Returns the cron jobs of which it enqueued jobs.
   * @throws as {@link start}, the first time.
   */
  async runOnce(): Promise<CronJob[]> {
    if (this.#run === undefined) await this.#entries.open()
    return (await this.#ticker.runOnce()).map((entry) => this.#entries.jobOf(entry))
  }

  /** Skip the ticks of a cron job, in every scheduler and over restarts. Returns false when it was paused already. */
  pause(name: string): Promise<boolean> {
    return this.#context.storage.crons.setPaused(checkName(name, 'name'), true)
  }

  /** Enqueue at its ticks again. Ticks during the pause are not caught up. Returns false when it was not paused. */
  resume(name: string): Promise<boolean> {
    return this.#context.storage.crons.setPaused(checkName(name, 'name'), false)
  }

  /** Ids of the jobs that a cron job enqueued, newest first. */
  async history(name: string, range: HistoryRange = {}): Promise<string[]> {
    const { start = 0, end = -1 } = checkOptionNames(range, HISTORY_NAMES, 'history')
    return this.#context.storage.crons.history(checkKnownName(name, 'name'), start, end)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  toString(): string {
    return `<CronScheduler ${this.name}>`
  }

  async #applyConfig(pending: readonly PendingCron[]): Promise<void> {
    const definitions = pending.map(([func, options]) => checkCron(func, options))
    await this.#entries.replaceConfig(definitions, () => this.#run !== undefined)
    this.#changed()
  }

  async #enter(signal: AbortSignal): Promise<void> {
    await this.#entries.prepare()
    await registerCronScheduler({
      store: this.#context.storage.crons,
      record: () => this.#record(),
      instance: this.#instance,
      logger: this.#logger,
      stopping: signal,
    })
    // Stopped meanwhile, it was removed from the list before it was added.
    if (signal.aborted) return this.#leave()
    await this.#entries.open()
    await this.#warnOfSchedules()
  }

  /** A config module may have been written to the store by `Schedule.syncConfig`, too. */
  async #warnOfSchedules(): Promise<void> {
    const { recurring } = this.#context.storage
    await Promise.all(
      this.#entries.all.map(async ({ funcName, name }) => {
        const { schedule } = name === undefined ? {} : await recurring.read(name)
        if (schedule === undefined || schedule.funcName !== funcName) return
        this.#logger.warn(`The schedule ${name} enqueues the jobs of this cron job as well: remove one of them`)
      }),
    )
  }

  async #leave(): Promise<void> {
    const left = this.#context.storage.crons.unregister(this.name, this.#instance)
    await within(
      LEAVE_MS,
      left.catch(() => {}),
    )
  }

  #changed(): void {
    this.#ticker.wake()
    this.#presence.changed()
  }

  #drop(entry: CronEntry, error: unknown): void {
    this.#entries.remove(entry)
    this.#logger.error('A cron job cannot be enqueued, and was dropped', { error: String(error) })
  }

  #record(): CronSchedulerRecord {
    const { configFile, hostname: host, name, pid } = this
    const createdAtMs = this.createdAt.getTime()
    return {
      name,
      hostname: host,
      pid,
      createdAtMs,
      configFile,
      jobs: this.#entries.all.map((entry) => entry.toRecord()),
    }
  }
}
