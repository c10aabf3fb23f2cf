import { checkName, invalidOption, RqError, show } from '@rq/core'
import type { FunctionRef, ScheduleFacts } from '@rq/job'
import type { JobContext } from '@rq/queue'
import { checkSchedule, type MakingOptions, prepareSchedule, type ScheduleJobOptions } from './schedule-definition.ts'
import { checkFilter, listSchedules } from './schedule-list.ts'
import type { ScheduleTimes } from './schedule-times.ts'
import { checkOwner, writePrepared } from './schedule-writer.ts'

/** A schedule in the list of `Schedule.sync`. */
export interface SyncedSchedule extends ScheduleJobOptions {
  readonly name: string
  readonly times: ScheduleTimes
  readonly func: FunctionRef
  readonly args?: readonly unknown[]
}

export interface SyncOptions extends MakingOptions {
  /** Names the program whose schedules these are. */
  readonly owner: string
}

/** Names of the schedules that `Schedule.sync` wrote, left as they were, and removed. */
export interface SyncOutcome {
  readonly written: readonly string[]
  readonly kept: readonly string[]
  readonly removed: readonly string[]
}

/** As `Schedule.sync` says. */
export async function syncSchedules(
  definitions: readonly SyncedSchedule[],
  { owner: given, ...making }: SyncOptions,
  context: JobContext,
): Promise<SyncOutcome> {
  const owner = checkName(given, 'owner')
  if (!Array.isArray(definitions)) throw invalidOption('definitions', definitions, 'an array of schedules')
  for (const one of definitions) {
    if (typeof one !== 'object' || one === null)
      throw invalidOption('definitions', one, 'schedules: { name, times, func, queue }')
  }
  const checked = await eachNamed(definitions, async ({ args = [], func, name, times, ...jobOptions }) => ({
    ...checkSchedule(name, times, func, args, jobOptions),
    owner,
  }))
  const names = new Set<string>()
  for (const { name } of checked) {
    if (names.has(name)) throw invalidOption('name', name, 'a name that is once in the list')
    names.add(name)
  }
  const prepared = await eachNamed(checked, (definition) => prepareSchedule(definition, context, making))
  const store = context.storage.recurring
  const known = new Map<string, ScheduleFacts>()
  for await (const schedule of listSchedules(store, checkFilter({}))) {
    if (schedule.owner === owner || names.has(schedule.name)) known.set(schedule.name, schedule)
  }
  for (const definition of prepared) checkOwner(definition, known.get(definition.name))

  const [written, kept, removed]: [string[], string[], string[]] = [[], [], []]
  for (const definition of prepared) {
    const isSame = known.get(definition.name)?.digest === definition.digest
    if (!isSame) await writePrepared(definition, store)
    ;(isSame ? kept : written).push(definition.name)
  }
  for (const schedule of known.values()) {
    if (schedule.owner !== owner || names.has(schedule.name)) continue
    if (await store.remove(schedule.name)) removed.push(schedule.name)
  }
  return { written, kept, removed }
}

/** Do something with each member of a list of schedules. An error says of which one it is. */
function eachNamed<T extends { readonly name: string }, R>(
  list: readonly T[],
  act: (member: T) => Promise<R>,
): Promise<R[]> {
  return Promise.all(
    list.map(async (member) => {
      try {
        return await act(member)
      } catch (error) {
        if (!(error instanceof RqError)) throw error
        const { code, details, message, retryable } = error
        const text = `The schedule ${show(member?.name)} of the list: ${message}`
        throw new RqError(code, text, { cause: error.cause, details, retryable })
      }
    }),
  )
}
