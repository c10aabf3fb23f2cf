export {
  type DefinedJobs,
  type DefineJobs,
  defineJobs,
  type JobsOptions,
  jobsDefiner,
} from './define-jobs.ts'
export type { DefinedJob, InputRest } from './defined-job.ts'
export type { GivenInput, JobDefinition, JobDefinitions, JobRun, ReturnOf, TypedJob, TypedJobs } from './definition.ts'
export {
  type ClientOf,
  type JobsClient,
  type JobsClientOptions,
  type JobsClientSettings,
  jobsClient,
  jobsClientMaker,
} from './jobs-client.ts'
export type { Lifecycle } from './lifecycle.ts'
