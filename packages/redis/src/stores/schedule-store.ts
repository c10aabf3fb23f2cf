import type {
  DueSchedules,
  SchedulePage,
  ScheduleRecord,
  ScheduleStore,
  ScheduleTick,
  ScheduleVersion,
  TickAnswer,
} from '@rq/job'
import { decodeListed, decodeRows, decodeSchedule, encodeSchedule, LISTED_FIELDS } from '../codec/schedule-codec.ts'
import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

export class RedisScheduleStore implements ScheduleStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async read(name: string): Promise<{ schedule: ScheduleRecord | undefined; nowMs: number }> {
    const [nowMs, fields] = await this.#connections.run(scripts.scheduleRead, [this.#keys.schedule(name)], [])
    return { schedule: decodeSchedule(name, fields), nowMs }
  }

  async write(schedule: ScheduleRecord, replaces: ScheduleVersion | undefined): Promise<boolean> {
    const { name, nextMs, queue } = schedule
    const answer = await this.#connections.run(
      scripts.scheduleWrite,
      [this.#keys.schedules, this.#keys.schedule(name)],
      [
        ...([this.#keys.prefix, name, replaces?.revision ?? '', replaces?.nextMs ?? ''] as const),
        ...([queue, nextMs ?? '', ...encodeSchedule(schedule)] as const),
      ],
    )
    return answer === 'written'
  }

  async remove(name: string): Promise<boolean> {
    const keys: [string, string, string] = [
      this.#keys.schedules,
      this.#keys.schedule(name),
      this.#keys.scheduleHistory(name),
    ]
    return (await this.#connections.run(scripts.scheduleRemove, keys, [this.#keys.prefix, name])) === 1
  }

  async list(after: string, most: number): Promise<SchedulePage> {
    const [next, rows] = await this.#connections.run(
      scripts.scheduleList,
      [this.#keys.schedules],
      [this.#keys.prefix, after, most, ...LISTED_FIELDS],
    )
    return { schedules: rows.map(decodeListed), after: next ?? undefined }
  }

  async due(queue: string, most: number): Promise<DueSchedules> {
    const [nowMs, waitMs, rows] = await this.#connections.run(
      scripts.scheduleDue,
      [this.#keys.schedulesOf(queue)],
      [this.#keys.prefix, most],
    )
    return { due: decodeRows(rows), waitMs: waitMs < 0 ? undefined : waitMs, nowMs }
  }

  tick({ job, name, nextMs, revision, thenMs, times }: ScheduleTick): Promise<TickAnswer> {
    return this.#connections.run(scripts.scheduleTick, this.#copyKeys(name), [
      ...([this.#keys.prefix, name, stampNow(), revision, nextMs ?? 0] as const),
      ...([job?.tickMs ?? '', job?.id ?? '', job?.unlessRunning ?? false, thenMs ?? '', times ?? ''] as const),
    ])
  }

  async run(name: string, jobId: string): Promise<boolean> {
    const args = [this.#keys.prefix, stampNow(), jobId] as const
    return (await this.#connections.run(scripts.scheduleRun, this.#copyKeys(name), [...args])) !== 'gone'
  }

  async park(name: string, queue: string): Promise<void> {
    await this.#connections.call((client) => client.zrem(this.#keys.schedulesOf(queue), name))
  }

  history(name: string, start: number, end: number): Promise<string[]> {
    return this.#connections.call((client) => client.zrevrange(this.#keys.scheduleHistory(name), start, String(end)))
  }

  #copyKeys(name: string): [queues: string, schedule: string, history: string] {
    return [this.#keys.queues, this.#keys.schedule(name), this.#keys.scheduleHistory(name)]
  }
}
