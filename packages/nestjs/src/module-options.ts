import type { FactoryProvider, ModuleMetadata, Type } from '@nestjs/common'
import { checkOptionNames, type OptionNames } from '@rq/core'
import type { QueueOptions, WorkerOptions, WorkOptions } from 'rq'

/** The worker of the application. */
export interface RqWorkerOptions
  extends Omit<WorkerOptions, 'connection' | 'prefix' | 'functions' | 'jobs'>,
    Pick<WorkOptions, 'withScheduler'> {
  /**
   * The path of a module that exports {@link nestJobs}: jobs then run in work horses, by default processes, each with
   * an application context of its own. Default: jobs run in this process, with the providers of this application.
   */
  jobs?: string
}

/** What belongs to one call of a `Queue`, or to tests of functions. */
type NotShared = 'isAsync' | 'functions' | 'anyName' | 'webhooks'

/** Where Redis is, and what all queues and the worker of an application share. */
export interface RqModuleOptions extends Omit<QueueOptions, NotShared> {
  /**
   * The worker of this application, which runs the jobs of its processors; false: it has none, and only enqueues.
   * Default: jobs run in this process, one at a time for each queue.
   */
  worker?: false | RqWorkerOptions
}

/** The options of a queue, over those of `forRoot()`. */
export interface RqQueueOptions extends Omit<RqModuleOptions, 'worker'> {
  readonly name: string
}

export interface RqOptionsFactory {
  createRqOptions(): RqModuleOptions | Promise<RqModuleOptions>
}

/** Options that need other providers, in one of the three forms that modules of Nest have. */
export interface RqModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  // biome-ignore lint/suspicious/noExplicitAny: Nest injects what `inject` names
  useFactory?: (...args: any[]) => RqModuleOptions | Promise<RqModuleOptions>
  useClass?: Type<RqOptionsFactory>
  useExisting?: Type<RqOptionsFactory>
}

const SHARED_NAMES: OptionNames<Omit<RqModuleOptions, 'worker'>> = {
  connection: true,
  prefix: true,
  serializer: true,
  codec: true,
  limits: true,
  logger: true,
  defaultTimeout: true,
  defaults: true,
  importPaths: true,
  results: true,
  sign: true,
}
const MODULE_NAMES: OptionNames<RqModuleOptions> = { ...SHARED_NAMES, worker: true }
const QUEUE_NAMES: OptionNames<RqQueueOptions> = { ...SHARED_NAMES, name: true }
const ASYNC_NAMES: OptionNames<RqModuleAsyncOptions> = {
  imports: true,
  inject: true,
  useFactory: true,
  useClass: true,
  useExisting: true,
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkModuleOptions(options: RqModuleOptions): RqModuleOptions {
  return checkOptionNames(options, MODULE_NAMES, 'RqModule.forRoot()')
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkAsyncOptions(options: RqModuleAsyncOptions): RqModuleAsyncOptions {
  return checkOptionNames(options, ASYNC_NAMES, 'RqModule.forRootAsync()')
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkQueueOptions(options: RqQueueOptions): RqQueueOptions {
  return checkOptionNames(options, QUEUE_NAMES, 'RqModule.registerQueue()')
}
