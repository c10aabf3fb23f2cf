import type {
  JobReply,
  Lead,
  Promoted,
  SchedulerIdentity,
  SchedulerNotice,
  SchedulerRecord,
  SchedulerStore,
} from '@rq/job'
import { readInteger } from '../codec/numbers.ts'
import { decodeScheduler, encodeScheduler } from '../codec/scheduler-codec.ts'
import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** How long a scheduler's record is kept after its last heartbeat, as in RQ. */
const RECORD_TTL_S = 61
const EARLIER_CHANNEL = 'scheduled'
const SCHEDULES_CHANNEL = 'schedules'
const FREE_CHANNEL = 'scheduler'

export class RedisSchedulerStore implements SchedulerStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async lead(scheduler: SchedulerIdentity, leaseMs: number): Promise<Lead> {
    const { name, queues } = scheduler
    const fields = encodeScheduler(scheduler)
    const [led, freeInMs] = await this.#connections.run(
      scripts.lead,
      [this.#keys.scheduler(name)],
      [this.#keys.prefix, name, leaseMs, stampNow(), RECORD_TTL_S, queues.length, ...queues, ...fields],
    )
    return { queues: led, freeInMs }
  }

  async stopLeading({ name, queues }: SchedulerIdentity): Promise<boolean> {
    const keys: [scheduler: string] = [this.#keys.scheduler(name)]
    return (await this.#connections.run(scripts.stopLeading, keys, [this.#keys.prefix, name, ...queues])) === 1
  }

  async scheduler(name: string): Promise<SchedulerRecord | undefined> {
    return decodeScheduler(name, await this.#connections.call((client) => client.hgetall(this.#keys.scheduler(name))))
  }

  async leaderPid(queue: string): Promise<number | null> {
    const name = await this.#connections.call((client) => client.get(this.#keys.schedulerLock(queue)))
    if (name === null) return null
    const pid = await this.#connections.call((client) => client.hget(this.#keys.scheduler(name), 'pid'))
    return readInteger(pid ?? undefined) ?? null
  }

  async hasScheduled(queue: string): Promise<boolean> {
    return (await this.#connections.call((client) => client.exists(this.#keys.registry(queue, 'scheduled')))) === 1
  }

  async promoteDue(queue: string, leader: string, most: number): Promise<Promoted | 'lost'> {
    const reply = await this.#connections.run(
      scripts.promoteDue,
      [this.#keys.registry(queue, 'scheduled'), this.#keys.schedulerLock(queue)],
      [this.#keys.prefix, queue, leader, stampNow(), most],
    )
    if (reply === 'lost') return 'lost'
    const [moved, waitMs, nowMs, aside] = reply
    const promoted = { moved, waitMs: waitMs < 0 ? undefined : waitMs, nowMs }
    if (aside.length === 0) return promoted
    const ids = aside.filter((_, index) => index % 2 === 0)
    return { ...promoted, setAside: ids.map((jobId, index) => ({ jobId, reason: aside[2 * index + 1] ?? '' })) }
  }

  promote(jobId: string, atFront: boolean): Promise<JobReply> {
    const keys: [job: string] = [this.#keys.job(jobId)]
    return this.#connections.run(scripts.promote, keys, [this.#keys.prefix, jobId, stampNow(), atFront])
  }

  reschedule(jobId: string, dueMs: number): Promise<JobReply> {
    const keys: [job: string] = [this.#keys.job(jobId)]
    return this.#connections.run(scripts.reschedule, keys, [this.#keys.prefix, jobId, Math.round(dueMs)])
  }

  async onNotice(listener: (notice: SchedulerNotice) => void): Promise<() => Promise<void>> {
    const listen = (channel: string, kind: SchedulerNotice['kind']) =>
      this.#connections.subscribe(this.#keys.notify(channel), (queue) => listener({ kind, queue: String(queue) }))
    // Not awaited: a scheduler starts even if Redis is away. ioredis subscribes when Redis is back.
    const subscriptions = [
      listen(EARLIER_CHANNEL, 'earlier'),
      listen(SCHEDULES_CHANNEL, 'schedule'),
      listen(FREE_CHANNEL, 'free'),
    ]
    return async () => {
      for (const { end } of subscriptions) end()
    }
  }
}
