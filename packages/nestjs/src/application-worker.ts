import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common'
import type { DiscoveryService } from '@nestjs/core'
import { invalidOption, type LoggerLike } from '@rq/core'
import { defineJobs, type JobDefinitions, Worker, type WorkerOptions } from 'rq'
import type { RqWorkerOptions } from './module-options.ts'
import { findProcessors, type Processors } from './processors.ts'
import type { RqRoot } from './rq-root.ts'

/**
 * The worker of an application. It starts when all modules are initialized, and stops before they are destroyed: it
 * claims no more jobs, and waits for those that run. Nest calls the hooks.
 */
export class ApplicationWorker implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #root: RqRoot
  readonly #discovery: DiscoveryService
  readonly #logger = new Logger('RqModule')
  #worker: Worker | undefined

  constructor(root: RqRoot, discovery: DiscoveryService) {
    this.#root = root
    this.#discovery = discovery
  }

  /**
   * Resolves when the worker accepts jobs.
   * @throws RqError `RQ_CONFIG` for processors that are wrong; as the constructor and `work()` of `Worker`.
   */
  async onApplicationBootstrap(): Promise<void> {
    const processors = findProcessors(this.#discovery, this.#root)
    const { worker: options = {} } = this.#root.options
    if (options === false || Object.keys(processors.queues).length === 0) return
    const { withScheduler = true, ...rest } = options
    const worker = this.#makeWorker(processors, rest)
    this.#worker = worker
    const started = new Promise<void>((resolve) => worker.once('worker:started', () => resolve()))
    const working = worker.work({ withScheduler })
    await Promise.race([started, working])
    working.catch((error) => this.#logger.error('The worker has ended with an error; no more jobs are run', error))
  }

  async onModuleDestroy(): Promise<void> {
    await this.#worker?.stop()
  }

  #makeWorker({ jobs, queues }: Processors, options: RqWorkerOptions): Worker {
    // Those that are left out say what a queue stores with its jobs.
    const { defaults: _, defaultTimeout: __, results: ___, sign: ____, worker: _____, ...all } = this.#root.options
    const { codec, ...shared } = all
    const { jobs: _module, ...own } = options
    const logger = loggerOfNest(this.#logger)
    return new Worker(queues, { logger, ...shared, ...(codec && { codec }), ...own, ...placeOfJobs(options, jobs) })
  }
}

/** Where the jobs run, and what they are there. @throws RqError `RQ_INVALID_OPTION`. */
function placeOfJobs({ horse, jobs: module }: RqWorkerOptions, jobs: JobDefinitions): WorkerOptions {
  if (module !== undefined) return { jobs: module }
  if (horse !== undefined && horse !== 'inline') {
    const expected = "'inline', or with 'worker.jobs' the path of a module that exports nestJobs(...)"
    throw invalidOption('worker.horse', horse, expected)
  }
  return { horse: 'inline', jobs: defineJobs(jobs) }
}

/** Nest prints each further argument on a line of its own, so fields are left out. */
function loggerOfNest(logger: Logger): LoggerLike {
  return {
    debug: (message) => logger.debug(message),
    info: (message) => logger.log(message),
    warn: (message) => logger.warn(message),
    error: (message) => logger.error(message),
  }
}
