export {
  InjectQueue,
  Process,
  type ProcessOptions,
  Processor,
  type ProcessorOptions,
  type ProcessRun,
} from './decorators.ts'
export type {
  RqModuleAsyncOptions,
  RqModuleOptions,
  RqOptionsFactory,
  RqQueueOptions,
  RqWorkerOptions,
} from './module-options.ts'
export { type NestJobsOptions, nestJobs } from './nest-jobs.ts'
export { getQueueToken } from './queue-token.ts'
export { RqModule } from './rq-module.ts'
