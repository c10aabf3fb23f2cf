import { type DynamicModule, Module, type Type } from '@nestjs/common'
import { DiscoveryModule, DiscoveryService, NestFactory } from '@nestjs/core'
import { findJobs } from '@rq/jobs/run'
import { IN_HORSE } from './in-horse.ts'
import { findProcessors } from './processors.ts'
import { RqRoot } from './rq-root.ts'

/** The options of an application context that work horses may have. An error never ends the process of a horse. */
export type NestJobsOptions = Omit<
  NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>,
  'abortOnError'
>

/**
 * The jobs of the processors of a module, for a worker with work horses: `export default nestJobs(JobsModule)` in the
 * module of the option `jobs`. Each horse makes an application context of it, which it closes when it quits. Default
 * of `logger`: errors and warnings.
 */
export function nestJobs(module: Type | DynamicModule, options: NestJobsOptions = {}): object {
  return findJobs({
    setup: () =>
      NestFactory.createApplicationContext(horseModule(module), {
        logger: ['error', 'warn'],
        ...options,
        abortOnError: false,
      }),
    find(context) {
      const root = context.get(RqRoot, { strict: false })
      return findProcessors(context.get(DiscoveryService, { strict: false }), root).jobs
    },
    teardown: (context) => context.close(),
  })
}

/** The root module of a work horse. */
class RqHorseModule {}
Module({})(RqHorseModule)

function horseModule(module: Type | DynamicModule): DynamicModule {
  const inHorse = { provide: IN_HORSE, useValue: true }
  return {
    module: RqHorseModule,
    global: true,
    imports: [module, DiscoveryModule],
    providers: [inHorse],
    exports: [inHorse.provide],
  }
}
