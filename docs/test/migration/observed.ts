import { eventually } from '@rq/testkit'
import type { Job, JobStatus } from 'rq'
import { expect } from 'vitest'
import type { World } from './world.ts'

/** How the attempts of a job ended, newest first. */
export async function runsOf(job: Job): Promise<string[]> {
  return (await job.results()).map(({ type }) => type)
}

/** Expects that a job is due so many seconds after `act`, which may have taken its time. */
export async function expectDueIn(
  world: World,
  job: Job | (() => Job | undefined),
  seconds: number,
  act: () => Promise<void>,
): Promise<void> {
  const beforeMs = await world.nowMs()
  await act()
  const afterMs = await world.nowMs()
  const scheduled = typeof job === 'function' ? job() : job
  if (scheduled === undefined) throw new Error('There is no job.')
  const dueMs = (await world.queue.scheduledJobRegistry.getScheduledTime(scheduled)).getTime()
  // Scores of schedules are whole seconds or finer, never earlier than what was asked for by more than one.
  expect(dueMs).toBeGreaterThan(beforeMs + (seconds - 1) * 1000)
  expect(dueMs).toBeLessThan(afterMs + (seconds + 1) * 1000)
}

/** Makes a failed job so many days older. */
export async function age(world: World, { id }: Job, days: number): Promise<void> {
  const endedAt = new Date((await world.nowMs()) - days * 86_400_000)
  await world.client.hset(`rq:job:${id}`, 'ended_at', endedAt.toISOString())
}

/** Ends the leases of a queue, as if their worker had been dead for long. */
export async function endLeases(world: World, queue: string): Promise<void> {
  const key = `rq:wip:${queue}`
  for (const member of await world.client.zrange(key, 0, '-1')) await world.client.zadd(key, 'XX', '1', member)
}

/** When the only lease of a queue ends. */
export async function leaseEndMs(world: World, queue: string): Promise<number> {
  // Behind each score stands a minute of slack for Python workers.
  const [, seconds] = await world.client.zrange(`rq:wip:${queue}`, 0, '-1', 'WITHSCORES')
  return Number(seconds) * 1000 - 60_000
}

export async function eventuallyStatus(job: Job, status: JobStatus): Promise<void> {
  await eventually(async () => expect(await job.getStatus({ refresh: true })).toBe(status))
}
