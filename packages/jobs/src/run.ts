/** What workers need of a module of jobs: `@rq/jobs/run`. What programs use is in `@rq/jobs`. */

export { type FoundJobs, findJobs, type JobSet, jobSetOf, type OpenJobs } from './job-set.ts'
