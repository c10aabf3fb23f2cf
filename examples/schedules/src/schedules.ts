import { RqError, Schedule, type ScheduleTimes } from 'rq'
import { deleteOldExports, exportData } from './jobs/exports.js'

const queue = 'exports'
const nameOf = (tenant: string) => `export:${tenant}`

/** What the program itself needs, in all its versions. */
export async function syncOwnSchedules(): Promise<void> {
  const tidy = { name: 'delete-old-exports', times: { cron: '30 4 * * *' }, func: deleteOldExports, args: [30], queue }
  await Schedule.sync([tidy], { owner: 'export-server' })
}

/** @throws RqError `RQ_INVALID_OPTION` for times that make no sense. */
export function scheduleExport(tenant: string, times: ScheduleTimes): Promise<Schedule<string>> {
  return Schedule.upsert(nameOf(tenant), { spread: '10m', overlap: 'skip', ...times }, exportData, [tenant], { queue })
}

/** Undefined when the tenant has chosen no times. */
export async function exportSchedule(tenant: string): Promise<Schedule | undefined> {
  try {
    return await Schedule.fetch(nameOf(tenant))
  } catch (error) {
    if (error instanceof RqError && error.code === 'RQ_NO_SUCH_SCHEDULE') return undefined
    throw error
  }
}
