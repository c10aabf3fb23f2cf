import { SECOND_MS } from '@rq/core'
import type {
  JobReply,
  Lead,
  Promoted,
  SchedulerIdentity,
  SchedulerNotice,
  SchedulerRecord,
  SchedulerStore,
} from '@rq/job'
import type { MemoryData, StoredJob } from './memory-data.ts'
import { NOTICES, promote, secondsUntil, setDue } from './scheduled-jobs.ts'

/** How long a scheduler's record outlives its last sign of life, as in RQ. */
const RECORD_TTL_MS = 61 * SECOND_MS

export class MemorySchedulerStore implements SchedulerStore {
  readonly #data: MemoryData
  readonly #closed: AbortSignal

  /** Listeners end when `closed` fires. */
  constructor(data: MemoryData, closed: AbortSignal) {
    this.#data = data
    this.#closed = closed
  }

  async lead(scheduler: SchedulerIdentity, leaseMs: number): Promise<Lead> {
    const { name, queues } = scheduler
    const { nowMs, schedulerLocks, schedulers } = this.#data
    const led = queues.filter((queue) => (schedulerLocks.get(queue) ?? name) === name)
    for (const queue of led) schedulerLocks.set(queue, name, leaseMs)
    if (led.length > 0) schedulers.set(name, { ...scheduler, lastHeartbeatMs: nowMs }, RECORD_TTL_MS)
    const endsMs = queues.filter((queue) => !led.includes(queue)).map((queue) => schedulerLocks.endsMs(queue) ?? nowMs)
    return { queues: led, freeInMs: Math.min(leaseMs, ...endsMs.map((atMs) => atMs - nowMs)) }
  }

  async stopLeading({ name, queues }: SchedulerIdentity): Promise<boolean> {
    for (const queue of queues) {
      if (this.#data.schedulerLocks.get(queue) !== name) continue
      this.#data.schedulerLocks.delete(queue)
      this.#data.notices.publish(NOTICES, { kind: 'free', queue })
    }
    return this.#data.schedulers.delete(name)
  }

  async scheduler(name: string): Promise<SchedulerRecord | undefined> {
    return this.#data.schedulers.get(name)
  }

  async leaderPid(queue: string): Promise<number | null> {
    return this.#data.schedulers.get(this.#data.schedulerLocks.get(queue) ?? '')?.pid ?? null
  }

  async hasScheduled(queue: string): Promise<boolean> {
    return this.#data.registry(queue, 'scheduled').lowestMs() !== undefined
  }

  async promoteDue(queue: string, leader: string, most: number): Promise<Promoted | 'lost'> {
    if (this.#data.schedulerLocks.get(queue) !== leader) return 'lost'
    const { nowMs } = this.#data
    const scheduled = this.#data.registry(queue, 'scheduled')
    let moved = 0
    for (const id of scheduled.ids().slice(0, most)) {
      if ((scheduled.scoreMs(id) ?? 0) > nowMs) break
      const stored = this.#scheduled(id)
      if (stored === undefined) {
        scheduled.delete(id)
      } else {
        promote(this.#data, stored, false)
        moved += 1
      }
    }
    const nextMs = scheduled.lowestMs()
    return { moved, waitMs: nextMs === undefined ? undefined : Math.max(nextMs - nowMs, 0), nowMs }
  }

  async promote(jobId: string, atFront: boolean): Promise<JobReply> {
    if (!this.#data.jobs.has(jobId)) return 'missing'
    const stored = this.#scheduled(jobId)
    if (stored === undefined) return 'refused'
    promote(this.#data, stored, atFront)
    return 'done'
  }

  async reschedule(jobId: string, dueMs: number): Promise<JobReply> {
    if (!this.#data.jobs.has(jobId)) return 'missing'
    const stored = this.#scheduled(jobId)
    if (stored === undefined) return 'refused'
    const { record } = stored
    setDue(this.#data, record, Math.round(dueMs))
    if (record.ttlS !== undefined) {
      this.#data.expireJob(jobId, secondsUntil(Math.round(dueMs), this.#data.nowMs) + record.ttlS)
    }
    return 'done'
  }

  async onNotice(listener: (notice: SchedulerNotice) => void): Promise<() => Promise<void>> {
    const end = this.#data.notices.listen(NOTICES, listener)
    this.#closed.addEventListener('abort', end)
    return async () => {
      this.#closed.removeEventListener('abort', end)
      end()
    }
  }

  /** Returns a job that waits for its time; undefined if it has another status, or was removed from its registry. */
  #scheduled(id: string): StoredJob | undefined {
    const stored = this.#data.jobs.get(id)
    if (stored?.record.status !== 'scheduled') return undefined
    return this.#data.registry(stored.record.origin, 'scheduled').scoreMs(id) === undefined ? undefined : stored
  }
}
