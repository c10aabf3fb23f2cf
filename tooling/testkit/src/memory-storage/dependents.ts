import type { JobRecord } from '@rq/job'
import { entryOf, type MemoryData, type StoredJob } from './memory-data.ts'
import { place } from './rate-limits.ts'

/** Which dependents to release; `canceled`: all, and the job is removed from their dependencies. */
export type Release = 'all' | 'allow_failure' | 'canceled'

/** Register a job as a dependent of others. */
export function waitFor(data: MemoryData, job: StoredJob, dependencyIds: readonly string[]): void {
  for (const id of dependencyIds) {
    job.waitsFor.add(id)
    register(data, id, job.record.id)
  }
}

/** Put a job among those that wait for other jobs. */
export function defer(data: MemoryData, job: StoredJob): void {
  data.move(job.record, 'deferred')
  job.deferredTurn = data.nextTurn()
  data.registry(job.record.origin, 'deferred').set(job.record.id, data.nowMs)
}

/** Whether a job has to wait for one of these. */
export function hasToWait(data: MemoryData, dependencyIds: Iterable<string>, allowFailure: boolean): boolean {
  for (const id of dependencyIds) if (!isSatisfied(data, id, allowFailure)) return true
  return false
}

/**
 * Whether a job has nothing left to wait for. Forgets what it need not wait for any more, and registers it again with
 * the others, which may have been deleted and enqueued anew.
 */
export function dependenciesMet(data: MemoryData, { record, waitsFor }: StoredJob): boolean {
  for (const id of waitsFor) {
    if (isSatisfied(data, id, record.allowDependencyFailures === true)) waitsFor.delete(id)
    else register(data, id, record.id)
  }
  return waitsFor.size === 0
}

/** Release the dependents of a job that wait for nothing else, in the order in which they were deferred. */
export function releaseDependents(data: MemoryData, jobId: string, release: Release): void {
  const dependents = data.dependents.get(jobId)
  if (dependents === undefined) return
  const ready: StoredJob[] = []
  const waiting = new Set<string>()
  for (const id of dependents) {
    const child = data.jobs.get(id)
    if (child === undefined) continue
    const { status, allowDependencyFailures } = child.record
    if (release === 'canceled') dropDependency(child, jobId)
    const mayGo = release !== 'allow_failure' || allowDependencyFailures === true
    if (status === 'deferred' && mayGo) child.waitsFor.delete(jobId)
    if (status === 'deferred' && mayGo && dependenciesMet(data, child)) ready.push(child)
    else if ((status === 'deferred' || status === 'scheduled') && release !== 'canceled') waiting.add(id)
  }
  if (waiting.size > 0) data.dependents.set(jobId, waiting)
  else data.dependents.delete(jobId)
  ready.sort((a, b) => a.deferredTurn - b.deferredTurn)
  for (const { record } of ready) releaseOne(data, record)
}

/** Release the deferred jobs of a queue that no other job holds back any more. */
export function releaseUnheld(data: MemoryData, queue: string): void {
  const ids = data.registry(queue, 'deferred').ids()
  const jobs = ids.flatMap((id) => data.jobs.get(id) ?? []).filter(({ record }) => record.status === 'deferred')
  jobs.sort((a, b) => a.deferredTurn - b.deferredTurn)
  for (const job of jobs) if (dependenciesMet(data, job)) releaseOne(data, job.record)
}

/** Whether the job `from` waits for the job `id`, directly or through other jobs. */
export function reaches(data: MemoryData, from: string, id: string): boolean {
  const seen = new Set<string>()
  const rest = [from]
  for (let current = rest.pop(); current !== undefined; current = rest.pop()) {
    if (current === id) return true
    if (seen.has(current)) continue
    seen.add(current)
    const job = data.jobs.get(current)
    // A job that no longer waits keeps its dependencies, which do not count any more.
    const waits = job?.record.status === 'deferred' || job?.record.status === 'scheduled'
    if (waits) rest.push(...(job?.waitsFor ?? []))
  }
  return false
}

/** Whether a dependent need not wait for this job any more. Nor does it wait for one that is missing. */
function isSatisfied(data: MemoryData, id: string, allowFailure: boolean): boolean {
  const status = data.status(id)
  return status === undefined || status === 'finished' || (allowFailure && status === 'failed')
}

function register(data: MemoryData, dependency: string, dependent: string): void {
  // If the job has expired, reading it drops its old dependents.
  data.jobs.get(dependency)
  entryOf(data.dependents, dependency, () => new Set<string>()).add(dependent)
}

function dropDependency({ record, waitsFor }: StoredJob, dependency: string): void {
  waitsFor.delete(dependency)
  // Otherwise the job would wait for it again when it is due.
  if (record.status === 'scheduled' && waitsFor.size === 0) delete record.dependencyIds
}

function releaseOne(data: MemoryData, record: JobRecord): void {
  data.registry(record.origin, 'deferred').delete(record.id)
  place(data, record, record.enqueueAtFront === true)
  // The time to live in the queue begins now, not while the job waited for others.
  if (record.ttlS !== undefined) data.expireJob(record.id, record.ttlS)
}
