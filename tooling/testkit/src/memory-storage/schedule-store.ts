import {
  type DueSchedules,
  isTerminal,
  type ListedSchedule,
  type SchedulePage,
  type ScheduleRecord,
  type ScheduleStore,
  type ScheduleTick,
  type ScheduleVersion,
  type TickAnswer,
} from '@rq/job'
import { enqueueOne } from './enqueueing.ts'
import type { MemoryData } from './memory-data.ts'
import { NOTICES } from './scheduled-jobs.ts'

const MOST_HISTORY = 1000
/** How many of the newest jobs are checked for one that has not ended. */
const LOOK_BACK = 10

export class MemoryScheduleStore implements ScheduleStore {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async read(name: string): Promise<{ schedule: ScheduleRecord | undefined; nowMs: number }> {
    return { schedule: this.#data.recurring.get(name), nowMs: this.#data.nowMs }
  }

  async write(schedule: ScheduleRecord, replaces: ScheduleVersion | undefined): Promise<boolean> {
    const { name, nextMs, queue } = schedule
    const known = this.#data.recurring.get(name)
    if (known?.revision !== replaces?.revision || known?.nextMs !== replaces?.nextMs) return false
    this.#data.recurring.set(name, schedule)
    this.#data.parked.delete(name)
    if (nextMs !== undefined) this.#data.notices.publish(NOTICES, { kind: 'schedule', queue })
    return true
  }

  async remove(name: string): Promise<boolean> {
    this.#data.recurringHistories.delete(name)
    return this.#data.recurring.delete(name)
  }

  async list(after: string, most: number): Promise<SchedulePage> {
    const rest = [...this.#data.recurring.keys()].sort(byBytes).filter((name) => byBytes(name, after) > 0)
    const names = rest.slice(0, most)
    return { schedules: names.map((name) => this.#listed(name)), after: names.length < most ? undefined : names.at(-1) }
  }

  async due(queue: string, most: number): Promise<DueSchedules> {
    const { nowMs, parked, recurring } = this.#data
    const waiting = [...recurring.values()]
      .filter((one) => one.queue === queue && one.nextMs !== undefined && !parked.has(one.name))
      .sort((a, b) => Number(a.nextMs) - Number(b.nextMs))
    const due = waiting.filter(({ nextMs = 0 }) => nextMs <= nowMs)
    const [later] = waiting.slice(due.length)
    const waitMs = due.length >= most ? 0 : later && Number(later.nextMs) - nowMs
    return { due: due.slice(0, most), waitMs, nowMs }
  }

  async tick({ job, name, nextMs, revision, thenMs, times }: ScheduleTick): Promise<TickAnswer> {
    const known = this.#data.recurring.get(name)
    if (known === undefined || known.revision !== revision || known.nextMs !== nextMs) return 'changed'
    const { nowMs } = this.#data
    if (Number(nextMs) > nowMs || (job?.tickMs ?? 0) > nowMs) return 'early'
    const answer = job === undefined ? 'skipped' : this.#decide(known, job)
    const { nextMs: _, ...rest } = known
    const count = answer === 'enqueued' ? known.count + 1 : known.count
    const isOver = times !== undefined && answer === 'enqueued' && count >= times
    this.#data.recurring.set(name, {
      ...rest,
      count,
      ...(job !== undefined && answer !== 'taken' && { latestMs: job.tickMs }),
      ...(thenMs !== undefined && !isOver && { nextMs: thenMs }),
    })
    return answer
  }

  async run(name: string, jobId: string): Promise<boolean> {
    const known = this.#data.recurring.get(name)
    if (known === undefined) return false
    this.#enqueue(known, jobId)
    return true
  }

  async park(name: string): Promise<void> {
    this.#data.parked.add(name)
  }

  async history(name: string, start: number, end: number): Promise<string[]> {
    const newestFirst = [...(this.#data.recurringHistories.get(name) ?? [])].reverse()
    return newestFirst.slice(start, end === -1 ? undefined : end + 1)
  }

  #listed(name: string): ListedSchedule {
    const { atFront: _, template: _template, ...facts } = this.#data.recurring.get(name) as ScheduleRecord
    const id = this.#data.recurringHistories.get(name)?.at(-1)
    return { ...facts, ...(id !== undefined && { lastJob: { id, status: this.#data.status(id) } }) }
  }

  #decide(known: ScheduleRecord, { id, tickMs, unlessRunning }: NonNullable<ScheduleTick['job']>): TickAnswer {
    if (known.latestMs !== undefined && tickMs <= known.latestMs) return 'taken'
    if (unlessRunning && this.#isRunning(known.name)) return 'overlap'
    return this.#enqueue(known, id)
  }

  #enqueue({ atFront, name, template }: ScheduleRecord, id: string): 'enqueued' | 'taken' {
    const record = { ...template, id, createdAtMs: this.#data.nowMs }
    const placement = enqueueOne(this.#data, { record, atFront, unique: true }, false)
    if (placement === 'duplicate' || placement === 'cycle') return 'taken'
    const earlier = this.#data.recurringHistories.get(name) ?? []
    this.#data.recurringHistories.set(name, [...earlier, id].slice(-MOST_HISTORY))
    return 'enqueued'
  }

  #isRunning(name: string): boolean {
    return (this.#data.recurringHistories.get(name) ?? []).slice(-LOOK_BACK).some((id) => {
      const status = this.#data.status(id)
      return status !== undefined && !isTerminal(status)
    })
  }
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
