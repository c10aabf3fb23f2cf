import { type EnqueueOptions, type Job, Queue, RateLimit, RqError, Schedule } from 'rq'
import { importOrders } from './jobs/imports.js'

const QUEUE = 'imports'
const PREFIX = 'import:'
const EVERY_NIGHT = { cron: '0 2 * * *', spread: '1h', overlap: 'skip' } as const

/** Of one tenant, one job runs at a time, those of its schedule too. */
const optionsOf = (tenant: string): Pick<EnqueueOptions, 'rateLimit' | 'description'> => ({
  rateLimit: new RateLimit({ key: `${PREFIX}${tenant}`, concurrency: 1 }),
  description: `Import of ${tenant}`,
})

/** From now on, the orders of this tenant are imported every night. Changes nothing when they are already. */
export function addTenant(tenant: string): Promise<Schedule<string>> {
  return Schedule.upsert(`${PREFIX}${tenant}`, EVERY_NIGHT, importOrders, [tenant], {
    queue: QUEUE,
    ...optionsOf(tenant),
  })
}

/** Import now. While a job that was asked for waits, that one is returned. */
export async function importNow(tenant: string): Promise<Job<string>> {
  await using queue = new Queue(QUEUE)
  const unique = { key: tenant, until: 'started' } as const
  return await queue.enqueue(importOrders, [tenant], { unique, ...optionsOf(tenant) })
}

/** No more imports of this tenant. A job that waits already still runs. Returns false when there is no such tenant. */
export async function removeTenant(tenant: string): Promise<boolean> {
  try {
    const schedule = await Schedule.fetch(`${PREFIX}${tenant}`)
    return await schedule.remove()
  } catch (error) {
    if (error instanceof RqError && error.code === 'RQ_NO_SUCH_SCHEDULE') return false
    throw error
  }
}

export interface TenantRow {
  readonly tenant: string
  readonly nextAt: Date | null
  readonly lastJob: string
}

/** A page of all tenants by name. */
export async function listTenants(limit: number, after?: string): Promise<TenantRow[]> {
  const rows: TenantRow[] = []
  const from = `${PREFIX}${after ?? ''}`
  for await (const { lastJob, name, nextAt } of Schedule.list({ queue: QUEUE, after: from, limit })) {
    rows.push({ tenant: name.slice(PREFIX.length), nextAt, lastJob: lastJob?.status ?? 'none' })
  }
  return rows
}
