import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, newJob, RAISED, RETURNED, TIMES, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

const RETRY = { kind: 'returned_retry', retry: { max: 1, intervalsS: [0] }, value: '1', ...TIMES } as const

/** The history of results, waiting for results, and expiry. */
export function describeResults(name: string, open: OpenStorage): void {
  describe(`${name}: results`, () => {
    it('keeps the results of the last ten runs, the newest first', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'often', repeatsLeft: 12, repeatIntervalsS: [0] })])
      for (let run = 1; run <= 12; run++) await workOff(test.storage, { ...RETURNED, value: String(run) })
      const values = (await jobs.results('often')).map(({ returnValue }) => String(returnValue))
      expect(values).toEqual(['12', '11', '10', '9', '8', '7', '6', '5', '4', '3'])
      await workOff(test.storage, { ...RETURNED, value: 'last' })
      expect(await statusOf(test.storage, 'often')).toEqual(['finished'])
    })

    it('keeps the success of a finished job that is enqueued once more', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const job = newJob({ id: 'twice' })
      await queues.enqueue([job])
      await workOff(test.storage, RETURNED)
      expect(await queues.enqueue([job])).toEqual(['queued'])
      expect(await statusOf(test.storage, 'twice')).toEqual(['finished'])
      expect(await queues.enqueue([{ ...job, again: true }])).toEqual(['queued'])
      expect(await statusOf(test.storage, 'twice')).toEqual(['queued'])
      await workOff(test.storage, { ...RETURNED, value: '43' })
      expect((await jobs.results('twice')).map(({ returnValue }) => String(returnValue))).toEqual(['43', '42'])
    })

    it('writes a result for a returned retry, and another when there were too many', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'retries' })])
      await workOff(test.storage, RETRY)
      expect(await statusOf(test.storage, 'retries')).toEqual(['queued'])
      await workOff(test.storage, RETRY)
      expect(await statusOf(test.storage, 'retries')).toEqual(['failed'])
      expect((await jobs.results('retries')).map(({ type }) => type)).toEqual(['max_retries_exceeded', 'retried'])
    })

    it('waits for the end when asked, and ignores results of earlier attempts', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'ends' })])
      const waiting = test.another().jobs.awaitResult('ends', 60_000, undefined, 'end')
      await workOff(test.storage, RETRY)
      expect(await jobs.awaitResult('ends', 60_000)).toMatchObject({ status: 'queued', result: { type: 'retried' } })
      expect(await jobs.awaitResult('ends', 1, undefined, 'end')).toMatchObject({ status: 'queued' })
      await workOff(test.storage, RETURNED)
      expect(await waiting).toMatchObject({ status: 'finished', result: { type: 'successful' } })
      expect(await jobs.awaitResult('ends', 60_000, AbortSignal.abort(), 'end')).toMatchObject({ status: 'finished' })
    })

    it('ends a wait when its signal fires, and when the job is deleted', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'w' })])
      const abort = new AbortController()
      const aborted = jobs.awaitResult('w', 60_000, abort.signal)
      abort.abort()
      expect(await aborted).toEqual({ status: 'queued', result: null })
      const deleted = jobs.awaitResult('w', 60_000)
      await jobs.delete({ jobId: 'w', deleteDependents: false })
      expect(await deleted).toEqual({ status: undefined, result: null })
    })

    it('tells who expects the end of a job what came of it, also if the job is not kept', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const waiter = await jobs.waiter()
      for (const [id, facts, outcome, answer] of [
        ['kept', {}, RETURNED, { status: 'finished', result: { type: 'successful' } }],
        ['dropped', { resultTtlS: 0 }, RETURNED, { status: 'finished', result: { type: 'successful' } }],
        [
          'stream',
          { resultTtlS: 0, results: 'stream' },
          RETURNED,
          { status: 'finished', result: { type: 'successful' } },
        ],
        ['failed', { failureTtlS: 0 }, RAISED, { status: 'failed', result: { type: 'failed' } }],
      ] as const) {
        const expected = jobs.expectEnd(id)
        await queues.enqueue([newJob({ id, ...facts }, { hasNewId: true, waiter })])
        const waiting = expected.wait(60_000, id === 'stream')
        await workOff(test.storage, outcome)
        expect(await waiting).toMatchObject(answer)
        expected.stop()
      }
      const [kept] = await jobs.results('kept')
      expect(String(kept?.returnValue)).toBe('42')
      expect(await jobs.exists('dropped')).toBe(false)
    })

    it('expires jobs, and cleans up what they leave behind', async () => {
      await using test = await open()
      const { groups, jobs, queues, workers } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      await queues.enqueue([newJob({ id: 'ended', resultTtlS: 1 })])
      await workOff(test.storage, RETURNED)
      await queues.enqueue([
        newJob({ id: 'waits', ttlS: 1, groupId: 'g', rateLimit }),
        newJob({ id: 'next', origin: 'other', rateLimit }),
      ])
      await eventually(async () => !(await jobs.exists('ended')) && !(await jobs.exists('waits')))
      expect(await jobs.results('ended')).toEqual([])
      await eventually(async () => (await queues.registryCleanup('default', 'finished')) === 1)
      expect(await queues.registryCount('default', 'finished')).toBe(0)
      expect(await groups.jobIds('g')).toEqual([])
      expect(await groups.names()).toEqual([])
      expect(await queues.compact('default')).toBe(1)
      expect(await statusOf(test.storage, 'next')).toEqual(['rate_limited'])
      await workers.cleanUp(['default', 'other'])
      expect(await statusOf(test.storage, 'next')).toEqual(['queued'])
    })

    it('lets a job that has started outlive its time in the queue', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      // One that expires before it is claimed is followed by another.
      let starts = ''
      await eventually(async () => {
        await queues.enqueue([newJob({ ttlS: 1 })])
        const [claimed] = (await workers.claim(claimRequest({ want: 1 }))).jobs
        starts = claimed?.job.id ?? ''
        return claimed !== undefined
      })
      await queues.begin(newJob({ id: 'begins', ttlS: 1 }), 'worker', 15_000)
      await queues.enqueue([newJob({ id: 'witness', origin: 'other', ttlS: 1 })])
      await eventually(async () => !(await jobs.exists('witness')))
      expect(await statusOf(test.storage, starts, 'begins')).toEqual(['started', 'started'])
    })
  })
}
