import { RqError } from '@rq/core'
import type { CronKey, CronReply, CronRun, CronSchedulerRecord, CronState, CronStore } from '@rq/job'
import { decodeCronScheduler, encodeCronScheduler } from '../codec/cron-codec.ts'
import { pushJob } from '../codec/enqueue-arguments.ts'
import { packList } from '../codec/message-pack.ts'
import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import type { ScriptArgument } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** RQ's figures, in seconds: a scheduler without a heartbeat counts as dead; records live on. */
const STALE_S = 120
const RECORD_TTL_S = 120
const DEAD_RECORD_TTL_S = 60

const ANSWERS: Readonly<Record<string, CronReply['answer']>> = {
  enqueued: 'enqueued',
  paused: 'paused',
  overlap: 'overlap',
  early: 'early',
}

export class RedisCronStore implements CronStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async open({ name, slot }: CronKey, rule: string): Promise<CronState> {
    const reply = await this.#connections.run(scripts.cronOpen, [this.#keys.cronState(name)], [suffixOf(slot), rule])
    const [tick, since, paused, resumed, nowMs] = reply as [string, string, string, string, number]
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
    const words: ScriptArgument[] = []
    pushJob(words, job)
    const reply = await this.#connections.run(scripts.cronTick, keys, [
      ...([this.#keys.prefix, stampNow(), suffixOf(slot)] as const),
      ...([tick?.ms ?? '', tick?.latestMs ?? '', tick?.unlessRunning ?? 'allow'] as const),
      packList(words),
    ])
    const [answer, decided, nowMs] = reply as [string, string, number]
    return { answer: ANSWERS[answer] ?? 'taken', nowMs, ...(decided !== '' && { tickMs: Number(decided) }) }
  }

  async setPaused(name: string, paused: boolean): Promise<boolean> {
    return (await this.#connections.run(scripts.cronPause, [this.#keys.cronState(name)], [paused ? 1 : 0])) === 1
  }

  history(name: string, start: number, end: number): Promise<string[]> {
    return this.#connections.call((client) => client.zrevrange(this.#keys.cronHistory(name), start, String(end)))
  }

  async register(scheduler: CronSchedulerRecord): Promise<void> {
    const reply = await this.#connections.run(scripts.cronRegister, this.#recordKeys(scheduler.name), [
      ...([scheduler.name, STALE_S, RECORD_TTL_S] as const),
      ...encodeCronScheduler(scheduler),
    ])
    if (reply === 'taken') {
      throw new RqError(
        'RQ_SCHEDULER_NAME_TAKEN',
        `An active cron scheduler named '${scheduler.name}' exists already. Choose another name, or wait two minutes if it is dead.`,
        { details: { name: scheduler.name } },
      )
    }
  }

  async heartbeat(scheduler: CronSchedulerRecord): Promise<number> {
    const reply = await this.#connections.run(scripts.cronHeartbeat, this.#recordKeys(scheduler.name), [
      ...([scheduler.name, RECORD_TTL_S] as const),
      ...encodeCronScheduler(scheduler),
    ])
    return Number(reply)
  }

  async unregister(name: string): Promise<void> {
    await this.#connections.run(scripts.cronUnregister, this.#recordKeys(name), [name, DEAD_RECORD_TTL_S])
  }

  async schedulers(staleS = STALE_S): Promise<(CronSchedulerRecord & { lastHeartbeatMs: number })[]> {
    const reply = await this.#connections.run(scripts.cronSchedulers, [this.#keys.cronSchedulers], [staleS])
    const flat = reply as string[]
    const living = flat.flatMap((name, at) => (at % 2 === 0 ? [{ name, lastHeartbeatMs: toMs(flat[at + 1]) }] : []))
    const records = await Promise.all(
      living.map(async ({ name, lastHeartbeatMs }) => {
        const record = await this.#read(name)
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
    return score === null ? record : { ...record, lastHeartbeatMs: toMs(score) }
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

/** What the fields of a slot end in. */
function suffixOf(slot: number): string {
  return slot === 1 ? '' : `:${slot}`
}

function toMs(score: string | undefined): number {
  return Math.round(Number(score) * 1000)
}
