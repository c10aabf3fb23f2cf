import type { SchedulePage, ScheduleRecord, ScheduleRule, ScheduleTick } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { newJob, newWorker, RETURNED, workOff } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

const RULE: ScheduleRule = { everyS: 60, catchUp: 'skip', overlap: 'allow' }
const MINUTE_MS = 60_000

/** A schedule whose next tick is at `nextMs`. */
function scheduleOf(name: string, nextMs: number | undefined, facts: Partial<ScheduleRecord> = {}): ScheduleRecord {
  const { record: template } = newJob({ id: 'template' })
  return {
    ...{ name, revision: 'r1', rule: RULE, queue: 'default', digest: 'd', funcName: 'jobs.report', template },
    ...{ atFront: false, createdAtMs: 1000, changedAtMs: 2000, anchorMs: 0, count: 0 },
    ...(nextMs !== undefined && { nextMs }),
    ...facts,
  }
}

function tickOf(name: string, tickMs: number, more: Partial<ScheduleTick> = {}): ScheduleTick {
  const job = { id: `${name}-${tickMs}`, tickMs, unlessRunning: false }
  return { name, revision: 'r1', nextMs: tickMs, job, thenMs: tickMs + MINUTE_MS, ...more }
}

/** Schedules that are kept in the store. */
export function describeRecurring(name: string, open: OpenStorage): void {
  describe(`${name}: recurring`, () => {
    it('keeps what was written, and refuses a change of what another program has changed', async () => {
      await using test = await open()
      const { recurring } = test.storage
      expect((await recurring.read('report')).schedule).toBeUndefined()
      const first = scheduleOf('report', 5000, { owner: 'app', latestMs: 4000, count: 3, atFront: true })
      expect(await recurring.write(first, undefined)).toBe(true)
      const { nowMs, schedule } = await test.another().recurring.read('report')
      const { id: _, ...template } = first.template
      expect(schedule).toMatchObject({ ...first, template: { ...template, status: expect.any(String) } })
      expect(nowMs).toBeGreaterThan(5000)
      expect(await recurring.write(scheduleOf('report', 9000), undefined)).toBe(false)
      expect(await recurring.write(scheduleOf('report', 9000), { revision: 'r1', nextMs: 4999 })).toBe(false)
      expect(await recurring.write(scheduleOf('report', 9000, { revision: 'r2' }), first)).toBe(true)
      expect((await recurring.list('', 10)).schedules).toMatchObject([{ name: 'report', nextMs: 9000 }])
      expect(await recurring.remove('report')).toBe(true)
      expect(await recurring.remove('report')).toBe(false)
      expect(await recurring.list('', 10)).toEqual({ schedules: [], after: undefined })
    })

    it('tells which names of jobs the schedules and workers of a queue use', async () => {
      await using test = await open()
      const { recurring, workers } = test.storage
      const none = { schedules: [], workerCount: 0, workers: [] }
      expect(await workers.namesInUse('mail')).toEqual(none)
      for (const [name, queues] of [
        ['ann', ['mail']],
        ['bob', ['low', 'mail']],
        ['eve', ['low']],
      ] as const) {
        await workers.register(newWorker({ name, queues: [...queues] }), 15_000)
      }
      const ann = newWorker({ name: 'ann', queues: ['mail'] })
      await workers.showJobNames(ann, { names: ['sendMail', 'later'], more: 3 })
      await recurring.write(scheduleOf('nightly', 2e12, { queue: 'mail' }), undefined)
      await recurring.write(scheduleOf('over', undefined, { queue: 'mail' }), undefined)
      await recurring.write(scheduleOf('other', 2e12, { queue: 'low' }), undefined)
      const found = await workers.namesInUse('mail')
      expect({ ...found, workers: [...found.workers].sort((a, b) => (a.name < b.name ? -1 : 1)) }).toEqual({
        schedules: [{ name: 'nightly', funcName: 'jobs.report' }],
        workerCount: 2,
        workers: [{ name: 'ann', jobNames: ['sendMail', 'later'], moreJobNames: 3 }, { name: 'bob' }],
      })
      await workers.unregister(ann)
      expect(await workers.namesInUse('mail')).toMatchObject({ workerCount: 1, workers: [{ name: 'bob' }] })
    })

    it('lists schedules by name, page by page, without their jobs, and with the status of the last one', async () => {
      await using test = await open()
      const { jobs, recurring } = test.storage
      // In the order of their bytes, not in that of UTF-16.
      const names = ['B', 'a', 'a b', 'ä', '\uffee', '\u{1f600}']
      for (const name of [...names].reverse())
        await recurring.write(scheduleOf(name, 1000, { owner: 'app' }), undefined)
      const listed: string[] = []
      let after: string | undefined = ''
      for (let calls = 0; after !== undefined && calls < names.length; calls += 1) {
        const page: SchedulePage = await recurring.list(after, 4)
        expect(page.schedules.length).toBeLessThanOrEqual(4)
        listed.push(...page.schedules.map((one) => one.name))
        after = page.after
      }
      expect(listed).toEqual(names)
      for (const id of ['one', 'two']) await recurring.run('a', id)
      const { atFront: _, template: _template, ...facts } = scheduleOf('a', 1000, { owner: 'app' })
      const lastJob = async () => (await recurring.list('B', 1)).schedules[0]
      expect(await lastJob()).toEqual({ ...facts, lastJob: { id: 'two', status: 'queued' } })
      await jobs.delete({ jobId: 'two', deleteDependents: false })
      expect(await lastJob()).toEqual({ ...facts, lastJob: { id: 'two', status: undefined } })
      expect((await recurring.list('a', 1)).schedules[0]).not.toHaveProperty('lastJob')
    })

    it('lists what is due in a queue, earliest first, and says when the next one is', async () => {
      await using test = await open()
      const { recurring } = test.storage
      const { nowMs } = await recurring.read('any')
      const laterMs = nowMs + MINUTE_MS
      await recurring.write(scheduleOf('second', 2000), undefined)
      await recurring.write(scheduleOf('first', 1000), undefined)
      await recurring.write(scheduleOf('later', laterMs), undefined)
      await recurring.write(scheduleOf('over', undefined), undefined)
      await recurring.write(scheduleOf('elsewhere', 1000, { queue: 'other' }), undefined)
      const all = await recurring.due('default', 10)
      expect(all.due.map((one) => one.name)).toEqual(['first', 'second'])
      expect(all.due[0]).toMatchObject({ revision: 'r1', rule: RULE, anchorMs: 0, nextMs: 1000, count: 0 })
      expect(all.waitMs).toBeGreaterThan(0)
      expect(all.waitMs).toBeLessThanOrEqual(MINUTE_MS)
      expect(await recurring.due('default', 1)).toMatchObject({ due: [{ name: 'first' }], waitMs: 0 })
      expect(await recurring.due('nobody', 1)).toMatchObject({ due: [], waitMs: undefined })
      await recurring.park('first', 'default')
      expect((await recurring.due('default', 10)).due.map((one) => one.name)).toEqual(['second'])
    })

    it('moves to another queue', async () => {
      await using test = await open()
      const { recurring } = test.storage
      const before = scheduleOf('report', 1000)
      await recurring.write(before, undefined)
      await recurring.write(scheduleOf('report', 1000, { queue: 'other' }), before)
      expect((await recurring.due('default', 10)).due).toEqual([])
      expect((await recurring.due('other', 10)).due).toHaveLength(1)
    })

    it('enqueues the job of each tick once, over several schedulers, and none before its time', async () => {
      await using test = await open()
      const { jobs, queues, recurring } = test.storage
      const other = test.another().recurring
      const { nowMs } = await recurring.read('any')
      await recurring.write(scheduleOf('report', 60_000), undefined)
      await recurring.write(scheduleOf('early', nowMs + MINUTE_MS), undefined)
      expect(await recurring.tick(tickOf('early', nowMs + MINUTE_MS))).toBe('early')
      const answers = await Promise.all([
        recurring.tick(tickOf('report', 60_000)),
        other.tick(tickOf('report', 60_000)),
      ])
      expect(answers.sort()).toEqual(['changed', 'enqueued'])
      const [job] = await jobs.fetch(['report-60000'])
      expect(job).toMatchObject({ status: 'queued', origin: 'default', data: newJob().record.data })
      expect(job?.createdAtMs).toBeGreaterThanOrEqual(nowMs)
      expect((await recurring.read('report')).schedule).toMatchObject({ count: 1, latestMs: 60_000, nextMs: 120_000 })
      expect(await recurring.tick(tickOf('report', 120_000, { revision: 'r0' }))).toBe('changed')
      expect(await recurring.tick(tickOf('gone', 60_000))).toBe('changed')
      expect(await queues.count('default')).toBe(1)
      expect(await recurring.history('report', 0, -1)).toEqual(['report-60000'])
    })

    it('decides no tick again, whatever the rule is changed to', async () => {
      await using test = await open()
      const { queues, recurring } = test.storage
      await recurring.write(scheduleOf('report', 60_000, { latestMs: 60_000 }), undefined)
      expect(await recurring.tick(tickOf('report', 60_000))).toBe('taken')
      expect((await recurring.read('report')).schedule).toMatchObject({ count: 0, nextMs: 120_000 })
      expect(await queues.count('default')).toBe(0)
    })

    it('ends after its number of jobs, and when there is no further tick', async () => {
      await using test = await open()
      const { recurring } = test.storage
      for (const name of ['twice', 'last']) await recurring.write(scheduleOf(name, 1000, { count: 1 }), undefined)
      expect(await recurring.tick(tickOf('twice', 1000, { times: 2 }))).toBe('enqueued')
      const { thenMs: _, ...last } = tickOf('last', 1000)
      expect(await recurring.tick(last)).toBe('enqueued')
      for (const name of ['twice', 'last']) {
        const { schedule } = await recurring.read(name)
        expect(schedule).toMatchObject({ count: 2 })
        expect(schedule).not.toHaveProperty('nextMs')
      }
      expect(await recurring.due('default', 10)).toMatchObject({ due: [], waitMs: undefined })
    })

    it('skips ticks that were missed, and those that overlap when asked', async () => {
      await using test = await open()
      const { queues, recurring } = test.storage
      await recurring.write(scheduleOf('report', 1000), undefined)
      const { job: _, ...skip } = tickOf('report', 1000, { thenMs: 2000 })
      expect(await recurring.tick(skip)).toBe('skipped')
      const unlessRunning = (ms: number) =>
        tickOf('report', ms, { thenMs: ms + 1000, job: { id: `report-${ms}`, tickMs: ms, unlessRunning: true } })
      expect(await recurring.tick(unlessRunning(2000))).toBe('enqueued')
      expect(await recurring.tick(unlessRunning(3000))).toBe('overlap')
      await workOff(test.storage, RETURNED)
      expect(await recurring.tick(unlessRunning(4000))).toBe('enqueued')
      expect((await recurring.read('report')).schedule).toMatchObject({ count: 2, latestMs: 4000, nextMs: 5000 })
      expect(await queues.count('default')).toBe(1)
    })

    it('runs outside of its rule when asked, also when it is over', async () => {
      await using test = await open()
      const { recurring } = test.storage
      expect(await recurring.run('report', 'one')).toBe(false)
      await recurring.write(scheduleOf('report', undefined), undefined)
      expect(await recurring.run('report', 'one')).toBe(true)
      expect(await recurring.history('report', 0, -1)).toEqual(['one'])
      expect((await recurring.read('report')).schedule).toMatchObject({ count: 0 })
    })
  })
}
