import type { ScheduleRecord, ScheduleStore } from '@rq/job'

/** Read at once: enough to hide the round trips, and few enough to hold their jobs in memory. */
const AT_ONCE = 50

/** All schedules of a store, by name. */
export async function allSchedules(store: ScheduleStore): Promise<ScheduleRecord[]> {
  const names = new Set<string>()
  let cursor = '0'
  do {
    const [page, next] = await store.names(cursor)
    for (const name of page) names.add(name)
    cursor = next
  } while (cursor !== '0')
  const records: ScheduleRecord[] = []
  const inOrder = [...names].sort()
  for (let at = 0; at < inOrder.length; at += AT_ONCE) {
    const replies = await Promise.all(inOrder.slice(at, at + AT_ONCE).map((name) => store.read(name)))
    for (const { schedule } of replies) if (schedule !== undefined) records.push(schedule)
  }
  return records
}
