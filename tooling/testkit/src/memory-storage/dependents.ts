import type { JobRecord } from '@rq/job'
import { entryOf, type MemoryData, type StoredJob } from './memory-data.ts'
import { place } from './rate-limits.ts'

/** Which dependents may go on; `canceled`: all, and the job is none of their dependencies any more. */
export type Release = 'all' | 'allow_failure' | 'canceled'

/** Let a job wait for others. */
export function waitFor(data: MemoryData, job: StoredJob, dependencyIds: readonly string[]): void {
  for (const id of dependencyIds) {
    job.waitsFor.add(id)
    register(data, id, job.record.id)
  }
}

export function defer(data: MemoryData, job: StoredJob): void {
  data.move(job.record, 'deferred')
  job.deferredTurn = data.nextTurn()
  data.registry(job.record.origin, 'deferred').set(job.record.id, data.nowMs)
}

/** The first of the jobs that still holds a dependent back, `except` left aside. */
export function firstUnsatisfied(
  data: MemoryData,
  dependencyIds: Iterable<string>,
  allowFailure: boolean,
  except?: string,
): string | undefined {
  for (const id of dependencyIds) {
    if (id !== except && !isSatisfied(data, id, allowFailure)) return id
  }
  return undefined
}

/**
 * Whether a job waits for nothing any more, `except` left aside. If it does wait, registers it again with a job that it
 * waits for, which may have been gone and have come back.
 */
export function dependenciesMet(data: MemoryData, { record, waitsFor }: StoredJob, except?: string): boolean {
  const unsatisfied = firstUnsatisfied(data, waitsFor, record.allowDependencyFailures === true, except)
  if (unsatisfied === undefined) return true
  register(data, unsatisfied, record.id)
  return false
}

/** Let those dependents of a job go on that wait for nothing else, in the order in which they were deferred. */
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
    if (status === 'deferred' && mayGo && dependenciesMet(data, child, jobId)) ready.push(child)
    else if ((status === 'deferred' || status === 'scheduled') && release !== 'canceled') waiting.add(id)
  }
  if (waiting.size > 0) data.dependents.set(jobId, waiting)
  else data.dependents.delete(jobId)
  ready.sort((a, b) => a.deferredTurn - b.deferredTurn)
  for (const { record } of ready) goOn(data, record)
}

/** Whether `id` is reached by going from job to job that each waits for, from `from` on. */
export function reaches(data: MemoryData, from: string, id: string): boolean {
  const seen = new Set<string>()
  const rest = [from]
  for (let current = rest.pop(); current !== undefined; current = rest.pop()) {
    if (current === id) return true
    if (seen.has(current)) continue
    seen.add(current)
    const job = data.jobs.get(current)
    // A job that no longer waits keeps what it waited for, which counts no more.
    const waits = job?.record.status === 'deferred' || job?.record.status === 'scheduled'
    if (waits) rest.push(...(job?.waitsFor ?? []))
  }
  return false
}

/** A job that is missing holds no one back. */
function isSatisfied(data: MemoryData, id: string, allowFailure: boolean): boolean {
  const status = data.status(id)
  return status === undefined || status === 'finished' || (allowFailure && status === 'failed')
}

function register(data: MemoryData, dependency: string, dependent: string): void {
  // Looking at the job drops the dependents that ended with it.
  data.jobs.get(dependency)
  entryOf(data.dependents, dependency, () => new Set<string>()).add(dependent)
}

function dropDependency({ record, waitsFor }: StoredJob, dependency: string): void {
  waitsFor.delete(dependency)
  // Without this the job would wait for it again when it is due.
  if (record.status === 'scheduled' && waitsFor.size === 0) delete record.dependencyIds
}

function goOn(data: MemoryData, record: JobRecord): void {
  data.registry(record.origin, 'deferred').delete(record.id)
  place(data, record, record.enqueueAtFront === true)
  // Waiting for other jobs is not waiting in the queue: that begins now.
  if (record.ttlS !== undefined) data.expireJob(record.id, record.ttlS)
}
