import { type Run, readRuns, runCounts } from '@rq/testkit'
import type { Redis } from 'ioredis'
import type { Scenario, ScenarioJob } from './scenario.ts'

/** The keys and the file of one run of a scenario. */
export interface Place {
  readonly prefix: string
  /** The file in which jobs note their runs. */
  readonly file: string
}

/** The jobs that a worker has leased. Their status does not say: a Python program may have saved an older one. */
export async function leasedJobs(
  client: Redis,
  { prefix }: Place,
  queues: readonly string[],
  { jobs }: Scenario,
): Promise<ReadonlySet<string>> {
  const members = await Promise.all(queues.map((queue) => client.zrange(`${prefix}wip:${queue}`, 0, '-1')))
  const executions = await Promise.all(jobs.map(({ id }) => client.hget(`${prefix}job:${id}`, 'execution_id')))
  return new Set(jobs.flatMap(({ id }, n) => (members.flat().includes(`${id}:${executions[n]}`) ? [id] : [])))
}

/** The jobs that have not ended as they should. */
export async function unendedJobs(client: Redis, { prefix, file }: Place, { jobs }: Scenario): Promise<string[]> {
  const statuses = await statusesOf(client, prefix, jobs)
  const runs = runCounts(await readRuns(file))
  return jobs.flatMap(({ id, end, mayNotRun = false }, index) => {
    const status = statuses[index] ?? 'gone'
    const count = runs.get(id) ?? 0
    return [end].flat().some((one) => one === status) && (count > 0 || mayNotRun)
      ? []
      : [`${id} is ${status} after ${count} runs`]
  })
}

/** The jobs and callbacks that ran more often than they should. */
export interface ExtraRuns {
  readonly job: string
  readonly name: string
  readonly extra: number
}

export function extraRuns(runs: readonly Run[], jobs: readonly ScenarioJob[]): ExtraRuns[] {
  const counts = runCounts(runs)
  const due = jobs.flatMap(({ id, runs, callbacks }) => [
    { job: id, name: id, times: runs },
    ...callbacks.map((name) => ({ job: id, name, times: 1 })),
  ])
  return due
    .map(({ job, name, times }) => ({ job, name, extra: (counts.get(name) ?? 0) - times }))
    .filter(({ extra }) => extra > 0)
}

/** The callbacks that have not run, although they run before their job ends. */
export function missedCallbacks(runs: readonly Run[], jobs: readonly ScenarioJob[]): string[] {
  const counts = runCounts(runs)
  return jobs.flatMap(({ callbacks }) => callbacks).filter((name) => !counts.has(name))
}

/** End all leases now. */
export async function endLeases(client: Redis, { prefix }: Place, queues: readonly string[]): Promise<void> {
  for (const queue of queues) {
    const members = await client.zrange(`${prefix}wip:${queue}`, 0, '-1')
    for (const member of members) await client.zadd(`${prefix}wip:${queue}`, 'XX', '1', member)
  }
}

async function statusesOf(client: Redis, prefix: string, jobs: readonly ScenarioJob[]): Promise<(string | null)[]> {
  return Promise.all(jobs.map(({ id }) => client.hget(`${prefix}job:${id}`, 'status')))
}
