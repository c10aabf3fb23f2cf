import { inDependencyOrder, type NewJob } from '@rq/job'

/**
 * Sort the jobs of a batch so that each comes behind those of the batch that it waits for. The others keep their order.
 * A job that is stored before its dependency would not find it, and would run at once.
 * @throws RqError `RQ_INVALID_OPTION` when jobs wait for each other in a cycle.
 */
export function batchInDependencyOrder(jobs: readonly NewJob[]): readonly NewJob[] {
  if (!jobs.some(({ record }) => record.dependencyIds !== undefined)) return jobs
  const nodes = jobs.map((job) => ({
    job,
    id: job.record.id,
    ...(job.record.dependencyIds !== undefined && { dependencyIds: job.record.dependencyIds }),
  }))
  return inDependencyOrder(nodes).map(({ job }) => job)
}
