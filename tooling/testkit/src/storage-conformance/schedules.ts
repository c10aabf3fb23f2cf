import type { SchedulerNotice } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, newJob, RAISED, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

const FAR_MS = 4_000_000_000_000
const LEASE_MS = 60_000

const schedulerOf = (name: string, pid: number, queues = ['default']) => {
  return { name, queues, pid, hostname: 'h', createdAtMs: 1_790_000_000_000 }
}

/** Scheduled jobs and their schedulers. */
export function describeSchedules(name: string, open: OpenStorage): void {
  describe(`${name}: schedules`, () => {
    it('lets one scheduler lead a queue until it stops, and notifies the others', async () => {
      await using test = await open()
      const { schedules } = test.storage
      const [ann, bob] = [schedulerOf('ann', 1, ['a', 'b']), schedulerOf('bob', 2, ['b', 'c'])]
      expect(await schedules.leaderPid('b')).toBeNull()
      expect(await schedules.lead(ann, LEASE_MS)).toMatchObject({ queues: ['a', 'b'] })
      expect(await schedules.lead(bob, LEASE_MS)).toMatchObject({ queues: ['c'] })
      expect(await schedules.lead(ann, LEASE_MS)).toMatchObject({ queues: ['a', 'b'] })
      expect(await schedules.leaderPid('b')).toBe(1)

      const heard: SchedulerNotice[] = []
      const stop = await test.another().schedules.onNotice((notice) => heard.push(notice))
      await eventually(async () => {
        await schedules.lead(ann, LEASE_MS)
        await schedules.stopLeading(ann)
        return heard.length > 1
      })
      await stop()
      expect(heard.slice(0, 2)).toEqual([
        { kind: 'free', queue: 'a' },
        { kind: 'free', queue: 'b' },
      ])
      expect(await schedules.stopLeading(ann)).toBe(false)
      expect(await schedules.lead(bob, LEASE_MS)).toMatchObject({ queues: ['b', 'c'] })
    })

    it('returns the record of a scheduler that leads a queue, until it stops', async () => {
      await using test = await open()
      const { schedules } = test.storage
      const ann = schedulerOf('ann', 1, ['a', 'b'])
      expect(await schedules.scheduler('ann')).toBeUndefined()
      await schedules.lead(ann, LEASE_MS)
      await schedules.lead(schedulerOf('bob', 2, ['b']), LEASE_MS)
      expect(await schedules.scheduler('ann')).toEqual({ ...ann, lastHeartbeatMs: expect.any(Number) })
      expect(await schedules.scheduler('bob')).toBeUndefined()
      await schedules.stopLeading(ann)
      expect(await schedules.scheduler('ann')).toBeUndefined()
    })

    it('lets another scheduler lead when the lease of the first one has ended', async () => {
      await using test = await open()
      const { schedules } = test.storage
      await schedules.lead(schedulerOf('dead', 1), 1)
      await eventually(async () => (await schedules.lead(schedulerOf('next', 2), LEASE_MS)).queues.length === 1)
      expect(await schedules.promoteDue('default', 'dead', 10)).toBe('lost')
    })

    it('tells a scheduler when the first lock of another one ends', async () => {
      await using test = await open()
      const { schedules } = test.storage
      expect(await schedules.lead(schedulerOf('ann', 1, ['a']), LEASE_MS)).toEqual({
        queues: ['a'],
        freeInMs: LEASE_MS,
      })
      await schedules.lead(schedulerOf('bob', 2, ['b']), 2 * LEASE_MS)
      const { freeInMs } = await schedules.lead(schedulerOf('cy', 3, ['a', 'b', 'c']), 3 * LEASE_MS)
      expect(freeInMs).toBeGreaterThan(0)
      expect(freeInMs).toBeLessThanOrEqual(LEASE_MS)
      const bobs = await schedules.lead(schedulerOf('dan', 4, ['b']), LEASE_MS)
      expect(bobs).toEqual({ queues: [], freeInMs: LEASE_MS })
    })

    it('tells whether a queue has scheduled jobs', async () => {
      await using test = await open()
      const { queues, schedules } = test.storage
      expect(await schedules.hasScheduled('default')).toBe(false)
      await queues.enqueue([newJob({ id: 'a' }, { dueMs: FAR_MS })])
      expect([await schedules.hasScheduled('default'), await schedules.hasScheduled('low')]).toEqual([true, false])
    })

    it('promotes due jobs, the earliest first, and returns the time until the next one', async () => {
      await using test = await open()
      const { queues, schedules } = test.storage
      await queues.enqueue([
        newJob({ id: 'second' }, { delayMs: 30 }),
        newJob({ id: 'first' }, { delayMs: 10 }),
        newJob({ id: 'front' }, { delayMs: 50, atFront: true }),
        newJob({ id: 'far' }, { dueMs: FAR_MS }),
      ])
      expect(await schedules.promoteDue('default', 'ann', 10)).toBe('lost')
      await schedules.lead(schedulerOf('ann', 1), LEASE_MS)
      let moved = 0
      await eventually(async () => {
        const promoted = await schedules.promoteDue('default', 'ann', 1)
        if (promoted !== 'lost') moved += promoted.moved
        return moved === 3
      })
      expect(await queues.jobIds('default', 0, -1)).toEqual(['front', 'first', 'second'])
      const rest = await schedules.promoteDue('default', 'ann', 10)
      if (rest === 'lost') throw new Error('The lead was lost.')
      expect(rest.moved).toBe(0)
      expect(rest.nowMs + (rest.waitMs ?? 0)).toBe(FAR_MS)
      await test.storage.jobs.delete({ jobId: 'far', deleteDependents: false })
      expect(await schedules.promoteDue('default', 'ann', 10)).toMatchObject({ moved: 0, waitMs: undefined })
    })

    it('promotes one job before its time, which then waits for others and for its rate limit', async () => {
      await using test = await open()
      const { queues, schedules } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      await queues.enqueue([
        newJob({ id: 'p' }),
        newJob({ id: 'holds', origin: 'other', rateLimit }),
        newJob({ id: 'plain' }, { dueMs: FAR_MS }),
        newJob({ id: 'waits', dependencyIds: ['p'] }, { dueMs: FAR_MS }),
        newJob({ id: 'limited', rateLimit }, { dueMs: FAR_MS }),
      ])
      for (const id of ['plain', 'waits', 'limited']) expect(await schedules.promote(id, true)).toBe('done')
      expect(await statusOf(test.storage, 'plain', 'waits', 'limited')).toEqual(['queued', 'deferred', 'rate_limited'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['plain', 'p'])
      expect(await schedules.promote('plain', false)).toBe('refused')
      expect(await schedules.promote('none', false)).toBe('missing')
    })

    it('sends a retry that is due to the head when it asked for that', async () => {
      await using test = await open()
      const { queues, schedules } = test.storage
      const retry = { retriesLeft: 1, retryIntervalsS: [60] }
      await queues.enqueue([
        newJob({ id: 'eager', enqueueAtFrontOnRetry: true, ...retry }),
        newJob({ id: 'meek', ...retry }),
      ])
      await workOff(test.storage, RAISED)
      await queues.enqueue([newJob({ id: 'other' })])
      for (const id of ['meek', 'eager']) expect(await schedules.promote(id, false)).toBe('done')
      expect(await queues.jobIds('default', 0, -1)).toEqual(['eager', 'other', 'meek'])
    })

    it('gives a scheduled job another time, and notifies schedulers of an earlier one', async () => {
      await using test = await open()
      const { queues, schedules, workers } = test.storage
      await queues.enqueue([newJob({ id: 'a' }, { dueMs: FAR_MS }), newJob({ id: 'b' }, { dueMs: FAR_MS + 1 })])
      const heard: SchedulerNotice[] = []
      const stop = await test.another().schedules.onNotice((notice) => heard.push(notice))
      let dueMs = FAR_MS
      await eventually(async () => {
        dueMs -= 1000
        expect(await schedules.reschedule('b', dueMs)).toBe('done')
        return heard.length > 0
      })
      await stop()
      expect(heard[0]).toEqual({ kind: 'earlier', queue: 'default' })
      expect(await queues.registryScoreMs('default', 'scheduled', 'b')).toBe(dueMs)
      expect(await queues.registryIds('default', 'scheduled', 0, -1, false)).toEqual(['b', 'a'])
      await schedules.promote('a', false)
      expect(await schedules.reschedule('a', FAR_MS)).toBe('refused')
      expect(await schedules.reschedule('none', FAR_MS)).toBe('missing')
      expect((await workers.claim(claimRequest())).jobs).toHaveLength(1)
    })
  })
}
