import { checkKnownName, checkQueueName, invalidOption, type OptionNames } from '@rq/core'
import type { ListedSchedule, ScheduleRecord, ScheduleStore } from '@rq/job'

/** Which schedules to list. */
export interface ScheduleFilter {
  /** Those whose jobs go to this queue. */
  readonly queue?: string | { readonly name: string }
  /** Those that `Schedule.sync` keeps for this owner. */
  readonly owner?: string
  /** Those whose names come after this one: where a list before ended. */
  readonly after?: string
  /** How many at most. Default: all. */
  readonly limit?: number
}

export const FILTER_NAMES: OptionNames<ScheduleFilter> = { queue: true, owner: true, after: true, limit: true }

/** How many schedules one call of the store reads: one or two milliseconds. */
const PAGE = 200
/** How many whole schedules are read at once: enough to hide the round trips. */
const AT_ONCE = 50

/** A checked filter. */
export interface ScheduleChoice {
  readonly queue: string | undefined
  readonly owner: string | undefined
  readonly after: string
  readonly limit: number
}

/** @throws RqError `RQ_INVALID_OPTION`. */
export function checkFilter({ after, limit, owner, queue }: ScheduleFilter): ScheduleChoice {
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw invalidOption('limit', limit, 'a whole number, at least 1')
  }
  return {
    queue: queue === undefined ? undefined : checkQueueName(typeof queue === 'object' ? queue?.name : queue, 'queue'),
    owner: owner === undefined ? undefined : checkKnownName(owner, 'owner'),
    after: after === undefined ? '' : checkKnownName(after, 'after'),
    limit: limit ?? Number.POSITIVE_INFINITY,
  }
}

/** The schedules of a store by name, in the order of their bytes. Reads a page when it is asked for. */
export async function* listSchedules(
  store: ScheduleStore,
  { after, limit, owner, queue }: ScheduleChoice,
): AsyncGenerator<ListedSchedule, void, undefined> {
  const isPlain = owner === undefined && queue === undefined
  let left = limit
  let next: string | undefined = after
  while (next !== undefined && left > 0) {
    const page = await store.list(next, isPlain ? Math.min(left, PAGE) : PAGE)
    for (const schedule of page.schedules) {
      if (owner !== undefined && schedule.owner !== owner) continue
      if (queue !== undefined && schedule.queue !== queue) continue
      yield schedule
      left -= 1
      if (left <= 0) return
    }
    next = page.after
  }
}

/** The same, with the jobs that they enqueue. */
export async function readSchedules(store: ScheduleStore, choice: ScheduleChoice): Promise<ScheduleRecord[]> {
  const names: string[] = []
  for await (const { name } of listSchedules(store, choice)) names.push(name)
  const records: ScheduleRecord[] = []
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const replies = await Promise.all(names.slice(at, at + AT_ONCE).map((name) => store.read(name)))
    for (const { schedule } of replies) if (schedule !== undefined) records.push(schedule)
  }
  return records
}
