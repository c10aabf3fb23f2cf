import { SECOND_MS } from '@rq/core'
import {
  CRON_LEASE_MS,
  type CronHeartbeatReply,
  type CronKey,
  type CronReply,
  type CronRun,
  type CronSchedulerRecord,
  type CronState,
  type CronStore,
  isTerminal,
  type NameHolder,
} from '@rq/job'
import { enqueueOne } from './enqueueing.ts'
import type { MemoryData, StoredCron } from './memory-data.ts'

/** RQ's figures: when a scheduler without a heartbeat counts as dead, and how long its record is kept. */
const STALE_S = 120
const RECORD_TTL_MS = 120 * SECOND_MS
const DEAD_RECORD_TTL_MS = 60 * SECOND_MS
const YEAR_MS = 365 * 24 * 60 * 60 * SECOND_MS
const MOST_HISTORY = 1000
/** How many of the newest jobs of a cron job are checked for one that has not ended. */
const LOOK_BACK = 10

export class MemoryCronStore implements CronStore {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async open({ name, slot }: CronKey, rule: string): Promise<CronState> {
    const { nowMs } = this.#data
    const cron = this.#cron(name)
    const known = cron.slots.get(slot) ?? { rule: '', sinceMs: 0 }
    // A rule comes into force at the beginning of the second.
    if (known.rule !== rule) known.sinceMs = Math.floor(nowMs / SECOND_MS) * SECOND_MS
    known.rule = rule
    cron.slots.set(slot, known)
    const { pausedMs, resumedMs } = cron
    return {
      sinceMs: known.sinceMs,
      nowMs,
      ...(known.tickMs !== undefined && { tickMs: known.tickMs }),
      ...(pausedMs !== undefined && { pausedMs }),
      ...(resumedMs !== undefined && { resumedMs }),
    }
  }

  async run(run: CronRun): Promise<CronReply> {
    const { nowMs } = this.#data
    const answer = this.#decide(run) ?? this.#enqueue(run)
    const tickMs = this.#data.crons.get(run.name)?.slots.get(run.slot)?.tickMs
    return { answer, nowMs, ...(tickMs !== undefined && { tickMs }) }
  }

  async setPaused(name: string, paused: boolean): Promise<boolean> {
    const cron = this.#cron(name)
    if (paused === (cron.pausedMs !== undefined)) return false
    if (paused) {
      cron.pausedMs = this.#data.nowMs
    } else {
      delete cron.pausedMs
      cron.resumedMs = this.#data.nowMs
    }
    return true
  }

  async history(name: string, start: number, end: number): Promise<string[]> {
    const newestFirst = [...(this.#data.cronHistories.get(name) ?? [])].reverse()
    return newestFirst.slice(start, end === -1 ? undefined : end + 1)
  }

  async register(scheduler: CronSchedulerRecord, instance: string): Promise<NameHolder | undefined> {
    const holder = this.#otherInstance(scheduler.name, instance)
    if (holder === undefined) await this.heartbeat(scheduler, instance)
    return holder
  }

  async heartbeat(scheduler: CronSchedulerRecord, instance: string): Promise<CronHeartbeatReply> {
    const { nowMs } = this.#data
    if (this.#otherInstance(scheduler.name, instance) !== undefined) return { isNameTaken: true, nowMs }
    this.#data.cronHeartbeats.set(scheduler.name, { beatMs: nowMs, instance })
    this.#data.cronSchedulers.set(scheduler.name, scheduler, RECORD_TTL_MS)
    return { isNameTaken: false, nowMs }
  }

  async unregister(name: string, instance: string): Promise<void> {
    if (this.#data.cronHeartbeats.get(name)?.instance !== instance) return
    this.#data.cronHeartbeats.delete(name)
    this.#data.cronSchedulers.expire(name, DEAD_RECORD_TTL_MS)
  }

  async schedulers(staleS = STALE_S): Promise<(CronSchedulerRecord & { readonly lastHeartbeatMs: number })[]> {
    const { cronHeartbeats, nowMs } = this.#data
    for (const [name, { beatMs }] of cronHeartbeats) {
      if (beatMs <= nowMs - staleS * SECOND_MS) cronHeartbeats.delete(name)
    }
    return [...cronHeartbeats]
      .sort(([, a], [, b]) => a.beatMs - b.beatMs)
      .flatMap(([name, { beatMs: lastHeartbeatMs }]) => {
        const record = this.#data.cronSchedulers.get(name)
        return record === undefined ? [] : [{ ...record, lastHeartbeatMs }]
      })
  }

  async scheduler(name: string): Promise<(CronSchedulerRecord & { readonly lastHeartbeatMs?: number }) | undefined> {
    const record = this.#data.cronSchedulers.get(name)
    const lastHeartbeatMs = this.#data.cronHeartbeats.get(name)?.beatMs
    return record && { ...record, ...(lastHeartbeatMs !== undefined && { lastHeartbeatMs }) }
  }

  /** The instance other than `instance` that has a name and counts as alive. */
  #otherInstance(name: string, instance: string): NameHolder | undefined {
    const known = this.#data.cronHeartbeats.get(name)
    if (known === undefined || known.instance === instance) return undefined
    const freeInMs = known.beatMs + CRON_LEASE_MS - this.#data.nowMs
    return freeInMs > 0 ? { lastBeat: String(known.beatMs), freeInMs } : undefined
  }

  /** Returns why the job is not enqueued, or undefined if it is to be. Stores the tick as decided. */
  #decide({ name, slot, tick }: CronRun): CronReply['answer'] | undefined {
    if (tick === undefined) return undefined
    if (tick.ms > this.#data.nowMs) return 'early'
    const cron = this.#cron(name)
    const known = cron.slots.get(slot) ?? { rule: '', sinceMs: 0 }
    if (known.tickMs !== undefined && known.tickMs > tick.latestMs) return 'taken'
    if (cron.resumedMs !== undefined && tick.ms <= cron.resumedMs) return 'taken'
    if (cron.pausedMs !== undefined) return 'paused'
    cron.slots.set(slot, { ...known, tickMs: tick.ms })
    return tick.unlessRunning !== undefined && this.#isRunning(name, tick.unlessRunning) ? 'overlap' : undefined
  }

  #enqueue({ job, name }: CronRun): CronReply['answer'] {
    const placement = enqueueOne(this.#data, job, false)
    if (placement === 'duplicate' || placement === 'cycle') return 'taken'
    const { id } = job.record
    const earlier = (this.#data.cronHistories.get(name) ?? []).filter((one) => one !== id)
    this.#data.cronHistories.set(name, [...earlier, id].slice(-MOST_HISTORY), YEAR_MS)
    return 'enqueued'
  }

  /** Whether a job that this cron job enqueued has not ended: one of the newest whose ids begin with `start`. */
  #isRunning(name: string, start: string): boolean {
    const newest = (this.#data.cronHistories.get(name) ?? []).slice(-LOOK_BACK)
    return newest.some((id) => {
      const status = id.startsWith(start) ? this.#data.status(id) : undefined
      return status !== undefined && !isTerminal(status)
    })
  }

  /** Returns the state of a name, kept for a year from now. */
  #cron(name: string): StoredCron {
    const cron = this.#data.crons.get(name) ?? { slots: new Map() }
    this.#data.crons.set(name, cron, YEAR_MS)
    return cron
  }
}
