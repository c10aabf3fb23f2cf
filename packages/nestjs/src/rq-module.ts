import { type DynamicModule, Module, type Provider, type Type } from '@nestjs/common'
import { DiscoveryModule, DiscoveryService } from '@nestjs/core'
import { invalidOption, RqError } from '@rq/core'
import { ApplicationWorker } from './application-worker.ts'
import { IN_HORSE } from './in-horse.ts'
import {
  checkAsyncOptions,
  checkQueueOptions,
  type RqModuleAsyncOptions,
  type RqModuleOptions,
  type RqOptionsFactory,
  type RqQueueOptions,
} from './module-options.ts'
import { getQueueToken } from './queue-token.ts'
import { RqRoot } from './rq-root.ts'

const OPTIONS = Symbol('options of RqModule')

/**
 * Queues and jobs in an application of Nest. The root module imports `forRoot()`, and each module that enqueues or
 * processes jobs of a queue imports `registerQueue()`.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: a module of Nest is a class
export class RqModule {
  /**
   * Where Redis is, and how this application runs jobs. Connects to nothing until a job is enqueued or the worker
   * starts. Wrong options fail when the application is created, with `RQ_INVALID_OPTION`.
   */
  static forRoot(options: RqModuleOptions = {}): DynamicModule {
    return rootModule([{ provide: OPTIONS, useValue: options }])
  }

  /** As {@link RqModule.forRoot}, with options that come from other providers. @throws RqError `RQ_INVALID_OPTION`. */
  static forRootAsync(options: RqModuleAsyncOptions): DynamicModule {
    const { imports = [] } = checkAsyncOptions(options)
    return rootModule(optionsProviders(options), imports)
  }

  /**
   * Provide queues to the module that imports this, for `@InjectQueue()` and `@Processor()`.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  static registerQueue(...queues: readonly (string | RqQueueOptions)[]): DynamicModule {
    const providers = queues.map((queue) => {
      const options = checkQueueOptions(typeof queue === 'string' ? { name: queue } : queue)
      return {
        provide: getQueueToken(options.name),
        useFactory: (root: RqRoot | undefined) => rootOf(root).openQueue(options),
        inject: [{ token: RqRoot, optional: true }],
      }
    })
    return { module: RqModule, providers, exports: providers.map(({ provide }) => provide) }
  }
}
Module({})(RqModule)

/** Its providers are there for every module. */
class RqRootModule {}
Module({})(RqRootModule)

/**
 * The worker is not in the global module: Nest ends those last, and the worker has to stop before what its jobs use.
 */
function rootModule(options: Provider[], imports: NonNullable<DynamicModule['imports']> = []): DynamicModule {
  const root = {
    provide: RqRoot,
    useFactory: (given: RqModuleOptions) => new RqRoot(given),
    inject: [OPTIONS],
  }
  const worker = {
    provide: ApplicationWorker,
    useFactory: (own: RqRoot, discovery: DiscoveryService, inHorse: boolean | undefined) =>
      inHorse === true ? undefined : new ApplicationWorker(own, discovery),
    inject: [RqRoot, DiscoveryService, { token: IN_HORSE, optional: true }],
  }
  const global = { module: RqRootModule, global: true, imports, providers: [...options, root], exports: [RqRoot] }
  return { module: RqModule, imports: [global, DiscoveryModule], providers: [worker] }
}

function optionsProviders({ inject = [], useClass, useExisting, useFactory }: RqModuleAsyncOptions): Provider[] {
  if (useFactory !== undefined) return [{ provide: OPTIONS, useFactory, inject }]
  const source: Type<RqOptionsFactory> | undefined = useExisting ?? useClass
  if (source === undefined) {
    throw invalidOption('options of RqModule.forRootAsync()', undefined, 'useFactory, useClass or useExisting')
  }
  const made = {
    provide: OPTIONS,
    useFactory: (factory: RqOptionsFactory) => factory.createRqOptions(),
    inject: [source],
  }
  return useClass === undefined ? [made] : [made, useClass]
}

function rootOf(root: RqRoot | undefined): RqRoot {
  if (root !== undefined) return root
  const todo = 'Import RqModule.forRoot() in the root module.'
  throw new RqError('RQ_CONFIG', `RqModule.registerQueue() needs the options of Redis. ${todo}`)
}
