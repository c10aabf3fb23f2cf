import { RqError } from '@rq/core'
import type { NewJob } from '@rq/job'

/**
 * The jobs of a batch so that each comes behind those of the batch that it waits for; otherwise in the order given.
 * A job that is written before its dependency would find it missing, and run at once.
 * @throws RqError `RQ_INVALID_OPTION` when jobs wait for each other in a circle.
 */
export function inDependencyOrder(jobs: readonly NewJob[]): readonly NewJob[] {
  if (!jobs.some((job) => job.record.dependencyIds !== undefined)) return jobs
  const ids = new Set(jobs.map((job) => job.record.id))
  const missing = new Map<NewJob, Set<string>>()
  const children = new Map<string, NewJob[]>()
  for (const job of jobs) {
    const inside = new Set(job.record.dependencyIds?.filter((id) => ids.has(id)))
    missing.set(job, inside)
    for (const id of inside) {
      const siblings = children.get(id)
      if (siblings === undefined) children.set(id, [job])
      else siblings.push(job)
    }
  }
  const placed = new Set<NewJob>()
  const heldBack = new Set<NewJob>()
  for (const job of jobs) {
    if (missing.get(job)?.size !== 0) {
      heldBack.add(job)
      continue
    }
    const ready = new Set([job])
    for (const next of ready) {
      placed.add(next)
      for (const child of children.get(next.record.id) ?? []) {
        const waitsFor = missing.get(child)
        waitsFor?.delete(next.record.id)
        if (waitsFor?.size === 0 && heldBack.has(child)) ready.add(child)
      }
    }
  }
  if (placed.size === jobs.length) return [...placed]
  const circle = jobs.filter((job) => !placed.has(job)).map((job) => job.record.id)
  throw dependencyCycle(circle)
}

export function dependencyCycle(ids: readonly string[]): RqError {
  const shown = ids.slice(0, 5).join(', ')
  return new RqError(
    'RQ_INVALID_OPTION',
    `Invalid dependsOn: the jobs would wait for each other for ever (${shown}${ids.length > 5 ? ', ...' : ''}). Nothing was written.`,
    { details: { option: 'dependsOn' } },
  )
}
