import { NO_CONFIGURATION, type QueueConfiguration, type Settlement } from '@rq/job'
import type { MemoryData } from './memory-data.ts'
import { deleteJob } from './places.ts'

type EndedKind = 'finished' | 'failed'

function limitOf(data: MemoryData, queue: string, kind: EndedKind): number | null {
  const { keepFailed, keepFinished } = data.configurations.get(queue) ?? NO_CONFIGURATION
  return kind === 'finished' ? keepFinished : keepFailed
}

export function configure(data: MemoryData, queue: string, changes: Partial<QueueConfiguration>): QueueConfiguration {
  const { keepFailed, keepFinished } = { ...NO_CONFIGURATION, ...data.configurations.get(queue), ...definedOf(changes) }
  const configuration = { keepFinished, keepFailed }
  if (keepFailed === null && keepFinished === null) data.configurations.delete(queue)
  else data.configurations.set(queue, configuration)
  keepNewest(data, queue)
  return configuration
}

/** Whether the queue keeps none of the jobs that end like this one. */
export function isNotKept(data: MemoryData, { queue, to, unlisted }: Settlement): boolean {
  if (unlisted === true || to === 'queued' || to === 'scheduled') return false
  return limitOf(data, queue, to === 'finished' ? 'finished' : 'failed') === 0
}

/** Delete the ended jobs that are more than the queue keeps, those that ended first. */
export function keepNewest(data: MemoryData, queue: string): void {
  for (const kind of ['finished', 'failed'] as const) {
    const limit = limitOf(data, queue, kind)
    if (limit === null) continue
    const registry = data.registry(queue, kind)
    const living = registry.inOrderOfEntry().filter((id) => (registry.scoreMs(id) ?? 0) > data.nowMs)
    for (const id of living.slice(0, Math.max(living.length - limit, 0))) {
      const stored = data.jobs.get(id)
      registry.delete(id)
      if (stored !== undefined && isOf(kind, stored.record.status)) deleteJob(data, stored)
    }
  }
}

function isOf(kind: EndedKind, status: string): boolean {
  return status === kind || (kind === 'failed' && status === 'stopped')
}

function definedOf(changes: Partial<QueueConfiguration>): Partial<QueueConfiguration> {
  return Object.fromEntries(Object.entries(changes).filter(([, limit]) => limit !== undefined))
}
