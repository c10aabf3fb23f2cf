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
  type NameHolder,
} from '@rq/job'
import { decodeCronScheduler, encodeCronScheduler } from '../codec/cron-codec.ts'
import { pushJob } from '../codec/enqueue-arguments.ts'
import { type Packable, packList } from '../codec/message-pack.ts'
import { scoreMs, stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import type { ReplyOf } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { unlessOtherType } from './other-type.ts'

/** RQ's values: how long without a heartbeat a scheduler counts as live, and how long its record is kept. */
const STALE_S = 120
const RECORD_TTL_S = 120
const DEAD_RECORD_TTL_S = 60

export class RedisCronStore implements CronStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async open({ name, slot }: CronKey, rule: string): Promise<CronState> {
    const [tick, since, paused, resumed, nowMs] = await this.#connections.run(
      scripts.cronOpen,
      [this.#keys.cronState(name)],
      [suffixOf(slot), rule],
    )
    return {
      sinceMs: Number(since),
      nowMs,
      ...(tick !== '' && { tickMs: Number(tick) }),
      ...(paused !== '' && { pausedMs: Number(paused) }),
      ...(resumed !== '' && { resumedMs: Number(resumed) }),
    }
  }

  async run({ name, slot, job, tick }: CronRun): Promise<CronReply> {
    const keys: [string, string, string] = [this.#keys.queues, this.#keys.cronState(name), this.#keys.cronHistory(name)]
    const list: Packable[] = []
    pushJob(list, job)
    const [answer, decided, nowMs] = await this.#connections.run(scripts.cronTick, keys, [
      ...([this.#keys.prefix, stampNow(), suffixOf(slot)] as const),
      ...([tick?.ms ?? '', tick?.latestMs ?? '', tick?.unlessRunning ?? 'allow'] as const),
      packList(list),
    ])
    return { answer: answerOf(answer), nowMs, ...(decided !== '' && { tickMs: Number(decided) }) }
  }

  async setPaused(name: string, paused: boolean): Promise<boolean> {
    return (await this.#connections.run(scripts.cronPause, [this.#keys.cronState(name)], [paused])) === 1
  }

  history(name: string, start: number, end: number): Promise<string[]> {
    return this.#connections.call((client) => client.zrevrange(this.#keys.cronHistory(name), start, String(end)))
  }

  async register(scheduler: CronSchedulerRecord, instance: string): Promise<NameHolder | undefined> {
    const [answer, lastBeat, freeInMs] = await this.#connections.run(
      scripts.cronRegister,
      this.#recordKeys(scheduler.name),
      [...recordArguments(scheduler, instance), ...encodeCronScheduler(scheduler)],
    )
    if (answer === 'registered') return undefined
    return { lastBeat: lastBeat === '' ? undefined : lastBeat, freeInMs: Math.max(0, freeInMs) }
  }

  async heartbeat(scheduler: CronSchedulerRecord, instance: string): Promise<CronHeartbeatReply> {
    const [name, nowMs] = await this.#connections.run(scripts.cronHeartbeat, this.#recordKeys(scheduler.name), [
      ...recordArguments(scheduler, instance),
      ...encodeCronScheduler(scheduler),
    ])
    return { isNameTaken: name === 'taken', nowMs }
  }

  async unregister(name: string, instance: string): Promise<void> {
    await this.#connections.run(scripts.cronUnregister, this.#recordKeys(name), [name, instance, DEAD_RECORD_TTL_S])
  }

  async schedulers(staleS = STALE_S): Promise<(CronSchedulerRecord & { lastHeartbeatMs: number })[]> {
    const flat = await this.#connections.run(scripts.cronSchedulers, [this.#keys.cronSchedulers], [staleS])
    const live = flat.flatMap((name, at) =>
      at % 2 === 0 ? [{ name, lastHeartbeatMs: scoreMs(flat[at + 1] ?? '') }] : [],
    )
    const records = await Promise.all(
      live.map(async ({ name, lastHeartbeatMs }) => {
        const record = await unlessOtherType(this.#read(name))
        return record === undefined ? [] : [{ ...record, lastHeartbeatMs }]
      }),
    )
    return records.flat()
  }

  async scheduler(name: string): Promise<(CronSchedulerRecord & { lastHeartbeatMs?: number }) | undefined> {
    const [record, score] = await Promise.all([
      this.#read(name),
      this.#connections.call((client) => client.zscore(this.#keys.cronSchedulers, name)),
    ])
    if (record === undefined) return undefined
    return score === null ? record : { ...record, lastHeartbeatMs: scoreMs(score) }
  }

  async #read(name: string): Promise<CronSchedulerRecord | undefined> {
    return decodeCronScheduler(
      name,
      await this.#connections.call((client) => client.hgetall(this.#keys.cronScheduler(name))),
    )
  }

  #recordKeys(name: string): [schedulers: string, record: string] {
    return [this.#keys.cronSchedulers, this.#keys.cronScheduler(name)]
  }
}

function recordArguments({ name }: CronSchedulerRecord, instance: string) {
  return [name, instance, CRON_LEASE_MS, STALE_S * SECOND_MS, RECORD_TTL_S] as const
}

/** Whether the job is in its queue now; a job of this id that is there already was enqueued by an earlier run. */
function answerOf(answer: ReplyOf<typeof scripts.cronTick>[0]): CronReply['answer'] {
  return answer === 'duplicate' || answer === 'cycle' || answer === 'too_many' ? 'taken' : answer
}

/** The suffix of the fields of a slot. */
function suffixOf(slot: number): string {
  return slot === 1 ? '' : `:${slot}`
}
