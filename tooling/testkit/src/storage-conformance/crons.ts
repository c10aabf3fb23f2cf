import type { CronRun, CronSchedulerRecord } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { newJob, RETURNED, workOff } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

const KEY = { name: 'report', slot: 1 }

/** A tick with the job that it enqueues; `latestMs` is the tick before it. */
function runOf(id: string, ms: number, tick: Partial<CronRun['tick']> = {}): CronRun {
  return { ...KEY, job: newJob({ id }), tick: { ms, latestMs: ms - 1000, ...tick } }
}

/** Cron jobs and their schedulers. */
export function describeCrons(name: string, open: OpenStorage): void {
  describe(`${name}: crons`, () => {
    it('puts a new rule into force when it is opened, and keeps a known one', async () => {
      await using test = await open()
      const { crons } = test.storage
      const first = await crons.open(KEY, 'every minute')
      expect(first.tickMs).toBeUndefined()
      expect(first.nowMs - first.sinceMs).toBeGreaterThanOrEqual(0)
      expect(first.nowMs - first.sinceMs).toBeLessThan(1000)
      await crons.run(runOf('one', first.sinceMs))
      expect(await test.another().crons.open(KEY, 'every minute')).toMatchObject({
        sinceMs: first.sinceMs,
        tickMs: first.sinceMs,
      })
      let rules = 0
      await eventually(async () => (await crons.open(KEY, `rule ${rules++}`)).sinceMs > first.sinceMs)
      expect((await crons.open({ ...KEY, slot: 2 }, 'every minute')).tickMs).toBeUndefined()
    })

    it('enqueues the job of each tick once, over several schedulers, and none before its time', async () => {
      await using test = await open()
      const { crons, queues } = test.storage
      const { nowMs, sinceMs: ms } = await crons.open(KEY, 'rule')
      expect(await crons.run(runOf('early', nowMs + 3_600_000))).toMatchObject({ answer: 'early' })
      const answers = await Promise.all([crons.run(runOf('one', ms)), test.another().crons.run(runOf('two', ms))])
      expect(answers.map(({ answer, tickMs }) => [answer, tickMs]).sort()).toEqual([
        ['enqueued', ms],
        ['taken', ms],
      ])
      expect(await crons.run(runOf('earlier', ms - 5000))).toMatchObject({ answer: 'taken', tickMs: ms })
      expect(await queues.count('default')).toBe(1)
    })

    it('skips a tick while an earlier job has not ended, when asked', async () => {
      await using test = await open()
      const { crons } = test.storage
      const { sinceMs } = await crons.open(KEY, 'rule')
      const run = (id: string, ms: number) => crons.run(runOf(id, ms, { unlessRunning: 'report-' }))
      expect(await run('report-1', sinceMs - 3000)).toMatchObject({ answer: 'enqueued' })
      expect(await run('report-2', sinceMs - 2000)).toMatchObject({ answer: 'overlap', tickMs: sinceMs - 2000 })
      await workOff(test.storage, RETURNED)
      expect(await run('report-3', sinceMs - 1000)).toMatchObject({ answer: 'enqueued' })
      // A run that is asked for regards neither ticks nor overlaps.
      expect(await crons.run({ ...KEY, job: newJob({ id: 'report-asked' }) })).toMatchObject({ answer: 'enqueued' })
      expect(await crons.history('report', 0, -1)).toEqual(['report-asked', 'report-3', 'report-1'])
      expect(await crons.history('report', 1, 1)).toEqual(['report-3'])
    })

    it('enqueues nothing while it is paused, and does not make up for that', async () => {
      await using test = await open()
      const { crons } = test.storage
      const { sinceMs: ms } = await crons.open(KEY, 'rule')
      expect(await crons.setPaused('report', true)).toBe(true)
      expect(await crons.setPaused('report', true)).toBe(false)
      expect(await crons.run(runOf('paused', ms))).toMatchObject({ answer: 'paused' })
      expect((await crons.open(KEY, 'rule')).pausedMs).toBeGreaterThanOrEqual(ms)
      expect(await crons.setPaused('report', false)).toBe(true)
      const { pausedMs, resumedMs } = await crons.open(KEY, 'rule')
      expect([pausedMs, resumedMs]).toEqual([undefined, expect.any(Number)])
      expect(await crons.run(runOf('missed', ms))).toMatchObject({ answer: 'taken' })
      expect(await test.storage.queues.count('default')).toBe(0)
    })

    it('lists the living cron schedulers, and refuses a name that is taken', async () => {
      await using test = await open()
      const { crons } = test.storage
      const job = { funcName: 'jobs#work', name: 'report', queueName: 'default', args: '[1]', kwargs: null }
      const ann: CronSchedulerRecord = {
        ...{ name: 'ann', hostname: 'h', pid: 1, createdAtMs: 1_790_000_000_000, configFile: 'cron.js' },
        jobs: [{ ...job, intervalS: null, cron: '* * * * *', latestMs: null, nextMs: 1_790_000_060_000, options: {} }],
      }
      expect(await crons.register(ann, 'first')).toBeUndefined()
      expect(await crons.register(ann, 'first')).toBeUndefined()
      const holder = await crons.register(ann, 'second')
      expect(holder).toEqual({ lastBeat: expect.any(String), freeInMs: expect.any(Number) })
      expect(holder?.freeInMs).toBeGreaterThan(0)
      expect(await crons.schedulers()).toMatchObject([{ ...ann, lastHeartbeatMs: expect.any(Number) }])
      const { isNameTaken, nowMs: beatMs } = await crons.heartbeat({ ...ann, configFile: 'other.js' }, 'first')
      expect(isNameTaken).toBe(false)
      const record = await crons.scheduler('ann')
      expect(record).toMatchObject({ configFile: 'other.js' })
      expect(Math.abs((record?.lastHeartbeatMs ?? 0) - beatMs)).toBeLessThan(1)
      // Two heartbeats in one millisecond have the same time.
      await eventually(async () => {
        await crons.heartbeat(ann, 'first')
        return (await crons.register(ann, 'second'))?.lastBeat !== holder?.lastBeat
      })
      await crons.unregister('ann', 'first')
      expect(await crons.schedulers()).toEqual([])
      expect(await crons.scheduler('ann')).toMatchObject({ name: 'ann' })
      expect(await crons.scheduler('none')).toBeUndefined()
      expect(await crons.register({ ...ann, pid: 2 }, 'second')).toBeUndefined()
      // The one that has left, or was frozen for long, leaves the record of the other as it is.
      expect(await crons.heartbeat(ann, 'first')).toEqual({ isNameTaken: true, nowMs: expect.any(Number) })
      await crons.unregister('ann', 'first')
      expect(await crons.schedulers()).toMatchObject([{ ...ann, pid: 2 }])
      expect((await crons.register(ann, 'third'))?.lastBeat).toEqual(expect.any(String))
      await eventually(async () => (await crons.schedulers(0)).length === 0)
    })
  })
}
