import { invalidOption, RqError, randomHex } from '@rq/core'
import type { ScheduleFacts, ScheduleRecord, ScheduleStore } from '@rq/job'
import type { JobContext } from '@rq/queue'
import {
  type MakingOptions,
  type PreparedSchedule,
  prepareSchedule,
  type ScheduleDefinition,
  scheduleRecord,
} from './schedule-definition.ts'

/** Far more programs than change one schedule in the same moment. */
const MOST_TRIES = 100

/**
 * Write a schedule unless it is there as it is.
 * @throws RqError `RQ_INVALID_OPTION` when it belongs to another owner, and as `prepareSchedule`.
 */
export async function writeSchedule(
  definition: ScheduleDefinition,
  context: JobContext,
  making: MakingOptions,
): Promise<ScheduleRecord> {
  return writePrepared(await prepareSchedule(definition, context, making), context.storage.recurring)
}

/** As {@link writeSchedule}. */
export async function writePrepared(prepared: PreparedSchedule, store: ScheduleStore): Promise<ScheduleRecord> {
  return repeat(prepared.name, async () => {
    const { nowMs, schedule: known } = await store.read(prepared.name)
    checkOwner(prepared, known)
    if (known?.digest === prepared.digest) return known
    const record = scheduleRecord(prepared, known, nowMs)
    return (await store.write(record, known)) ? record : undefined
  })
}

/** @throws RqError `RQ_INVALID_OPTION` when a schedule of this name belongs to another owner. */
export function checkOwner({ name, owner }: ScheduleDefinition, known: ScheduleFacts | undefined): void {
  if (known === undefined || known.owner === owner) return
  const whose = known.owner === undefined ? 'Schedule.upsert' : `Schedule.sync for the owner '${known.owner}'`
  throw invalidOption('name', name, `another name: the schedule of this one was written by ${whose}`)
}

/**
 * Change a schedule. `change` returns undefined when there is nothing to change.
 * @returns undefined when there is no such schedule.
 */
export async function changeSchedule(
  store: ScheduleStore,
  name: string,
  change: (known: ScheduleRecord, nowMs: number) => ScheduleRecord | undefined,
): Promise<{ readonly schedule: ScheduleRecord; readonly isWritten: boolean } | undefined> {
  const changed = await repeat(name, async () => {
    const { nowMs, schedule: known } = await store.read(name)
    if (known === undefined) return 'gone'
    const next = change(known, nowMs)
    if (next === undefined) return { schedule: known, isWritten: false }
    const schedule = { ...next, revision: randomHex(), changedAtMs: nowMs }
    return (await store.write(schedule, known)) ? { schedule, isWritten: true } : undefined
  })
  return changed === 'gone' ? undefined : changed
}

/** Read and write again while other programs write in between. */
async function repeat<T>(name: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const done = await attempt()
    if (done !== undefined) return done
  }
  throw new RqError('RQ_REDIS', `The schedule '${name}' is changed by others all the time.`, { retryable: true })
}
