import { SECOND_MS } from '@rq/core'
import {
  type BeginReply,
  type BrokenJobRecord,
  type NewJob,
  NO_CONFIGURATION,
  type Placement,
  type QueueConfiguration,
  type QueueCounts,
  type QueueStore,
  type RegistryKind,
} from '@rq/job'
import { enqueueAll, enqueueOne } from './enqueueing.ts'
import type { MemoryData } from './memory-data.ts'
import { pipelineOf } from './memory-pipeline.ts'
import { configure } from './newest.ts'
import { discard } from './places.ts'
import { cleanUpLimits } from './rate-limits.ts'
import { brokenJobs } from './set-aside.ts'

export class MemoryQueueStore implements QueueStore {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async enqueue(jobs: readonly NewJob[]): Promise<Placement[]> {
    return enqueueAll(this.#data, jobs)
  }

  enqueueInto(pipeline: unknown, jobs: readonly NewJob[]): void {
    pipelineOf(pipeline).append(() => enqueueAll(this.#data, jobs))
  }

  async begin(job: NewJob, workerName: string, leaseMs: number): Promise<BeginReply> {
    const placement = enqueueOne(this.#data, job, false, { workerName, endsMs: this.#data.nowMs + leaseMs })
    if (placement === 'deferred' || placement === 'duplicate' || placement === 'cycle' || typeof placement === 'object')
      return { placement }
    return { placement: 'started', executionId: this.#data.record(job.record.id)?.executionId ?? '' }
  }

  async queueNames(): Promise<string[]> {
    return [...this.#data.queueNames].sort()
  }

  async counts(queues: readonly string[]): Promise<QueueCounts[]> {
    return queues.map((queue) => {
      const sizeOf = (kind: Exclude<RegistryKind, 'started'>) => {
        const registry = this.#data.registry(queue, kind)
        const isExpiring = kind === 'finished' || kind === 'failed'
        return registry.ids().filter((id) => !isExpiring || (registry.scoreMs(id) ?? 0) > this.#data.nowMs).length
      }
      return {
        queued: this.#data.queue(queue).length,
        started: this.#data.leases(queue).size,
        finished: sizeOf('finished'),
        failed: sizeOf('failed'),
        deferred: sizeOf('deferred'),
        scheduled: sizeOf('scheduled'),
        canceled: sizeOf('canceled'),
        rateLimited: [...this.#data.limits.values()]
          .flatMap(({ waiting }) => [...waiting.keys()])
          .filter((id) => this.#data.record(id)?.origin === queue).length,
        paused: this.#data.isPaused(queue),
        oldestQueuedSeconds: this.#waitOf(queue),
      }
    })
  }

  #waitOf(queue: string): number | null {
    const head = this.#data
      .queue(queue)
      .ids()
      .find((id) => this.#data.record(id) !== undefined)
    const sinceMs = head === undefined ? undefined : this.#data.record(head)?.enqueuedAtMs
    return sinceMs === undefined ? null : Math.max(this.#data.nowMs - sinceMs, 0) / SECOND_MS
  }

  async count(queue: string): Promise<number> {
    return this.#data.queue(queue).length
  }

  async jobIds(queue: string, offset: number, length: number): Promise<string[]> {
    return this.#data
      .queue(queue)
      .ids()
      .slice(offset, length < 0 ? undefined : offset + length)
  }

  /** Whatever is stored here is a job: only those are broken whose end the store refused. */
  async brokenJobs(queue: string, most: number): Promise<BrokenJobRecord[]> {
    return brokenJobs(this.#data, queue).slice(0, most)
  }

  async position(queue: string, jobId: string): Promise<number | null> {
    const index = this.#data.queue(queue).indexOf(jobId)
    return index === -1 ? null : index
  }

  async remove(queue: string, jobId: string): Promise<number> {
    return this.#data.queue(queue).remove(jobId, 1)
  }

  async compact(queue: string): Promise<number> {
    return this.#data.queue(queue).keep((id) => this.#data.jobs.has(id))
  }

  async empty(queue: string): Promise<number> {
    return this.#empty(queue)
  }

  async pause(queue: string, durationS = Number.POSITIVE_INFINITY): Promise<void> {
    this.#data.pausedQueues.set(queue, true, durationS * SECOND_MS)
    cleanUpLimits(this.#data)
  }

  async resume(queue: string): Promise<boolean> {
    const wasPaused = this.#data.pausedQueues.delete(queue)
    this.#data.workWaits.wake(queue)
    return wasPaused
  }

  async isPaused(queue: string): Promise<boolean> {
    return this.#data.isPaused(queue)
  }

  async configure(queue: string, changes: Partial<QueueConfiguration>): Promise<QueueConfiguration> {
    return configure(this.#data, queue, changes)
  }

  async configuration(queue: string): Promise<QueueConfiguration> {
    return this.#data.configurations.get(queue) ?? NO_CONFIGURATION
  }

  async deleteQueue(queue: string, deleteJobs: boolean): Promise<void> {
    this.#data.pausedQueues.delete(queue)
    this.#data.configurations.delete(queue)
    // Also deletes the jobs that get a slot of a rate limit meanwhile.
    while (deleteJobs && this.#empty(queue) > 0);
    this.#data.queue(queue).keep(() => false)
    this.#data.queueNames.delete(queue)
  }

  async registryCount(queue: string, kind: RegistryKind, withExpired = false): Promise<number> {
    if (!withExpired) await this.registryCleanup(queue, kind)
    return kind === 'started' ? this.#data.leases(queue).size : this.#data.registry(queue, kind).size
  }

  async registryIds(
    queue: string,
    kind: RegistryKind,
    start: number,
    end: number,
    descending: boolean,
  ): Promise<string[]> {
    const ids = kind === 'started' ? this.#startedIds(queue) : this.#data.registry(queue, kind).ids()
    if (descending) ids.reverse()
    return ids.slice(start, end === -1 ? undefined : end + 1)
  }

  async registryScoreMs(queue: string, kind: RegistryKind, jobId: string): Promise<number | undefined> {
    if (kind !== 'started') return this.#data.registry(queue, kind).scoreMs(jobId)
    return [...this.#data.leases(queue).values()].find((lease) => lease.jobId === jobId)?.endsMs
  }

  async registryRemove(queue: string, kind: RegistryKind, jobId: string): Promise<boolean> {
    return kind === 'started' ? false : this.#data.registry(queue, kind).delete(jobId)
  }

  async registryCleanup(queue: string, kind: RegistryKind): Promise<number> {
    if (kind !== 'finished' && kind !== 'failed') return 0
    return this.#data.registry(queue, kind).dropUpTo(this.#data.nowMs)
  }

  /** By the end of their leases. */
  #startedIds(queue: string): string[] {
    const leases = [...this.#data.leases(queue).values()].sort((a, b) => a.endsMs - b.endsMs)
    return [...new Set(leases.map(({ jobId }) => jobId))]
  }

  /** Delete the jobs that wait in a queue now. Returns the number of ids. */
  #empty(queue: string): number {
    const list = this.#data.queue(queue)
    const ids = list.ids()
    list.keep(() => false)
    for (const id of ids) {
      const record = this.#data.record(id)
      // The list may hold an id twice, and its job may have started or ended: then only the id is dropped.
      if (record?.status === 'queued') discard(this.#data, record)
    }
    return ids.length
  }
}
