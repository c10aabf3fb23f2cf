import type { ExplanationFacts, JobRecord } from '@rq/job'
import { JOB_STATUSES } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { explain } from './explanation.ts'

function factsOf(record: Partial<JobRecord>, facts: Partial<ExplanationFacts> = {}): ExplanationFacts {
  return {
    record: { id: 'j', origin: 'low', status: 'queued', data: '', createdAtMs: 0, results: 'hash', ...record },
    position: null,
    dependencies: [],
    releasing: false,
    slotHolders: [],
    waitingBefore: null,
    suspended: false,
    paused: false,
    workers: 1,
    pausedWorkers: 0,
    heldBy: [],
    hasScheduler: true,
    nowMs: 0,
    ...facts,
  }
}

describe('explain', () => {
  it('explains every status', () => {
    for (const status of JOB_STATUSES) {
      const { text, ...explanation } = explain(factsOf({ status }))
      expect(explanation).toMatchObject({ status, waitingFor: [], blockedBy: [] })
      expect(text).toMatch(/\.$/)
    }
  })

  it('says why the store refused the end of a job that was set aside', () => {
    const { code, text } = explain(factsOf({ status: 'started' }, { refusal: 'no such time' }))
    expect([code, text]).toEqual(['broken', expect.stringContaining('nothing runs it any more: no such time. ')])
  })

  it('says which attempt comes next', () => {
    const retried = { retriesLeft: 1, retryMax: 3 }
    expect(explain(factsOf(retried, { position: 0 })).text).toMatch(
      /; 1 worker serves the queue\. This is attempt 3 of 4\.$/,
    )
    expect(explain(factsOf({ ...retried, status: 'failed' })).text).not.toContain('attempt')
  })

  it('says that workers returned the job, and when it fails if none has its function', () => {
    const returned = { returnedMs: 4000, returnForMs: 10_000, workerName: 'ann' }
    const { code, text } = explain(factsOf({ ...returned, status: 'scheduled' }, { dueMs: 1000 }))
    expect([code, text]).toEqual(['time', expect.stringMatching(/^It is due at 1970-01-01T00:00:01/)])
    expect(text).toContain('returned by the worker ann, whose build does not have its function;')
    expect(text).toMatch(/if no worker has it, it fails at about 1970-01-01T00:00:07\.000Z\.$/)
    expect(explain(factsOf(returned, { position: 0, nowMs: 2000 })).text).toMatch(/at about 1970-01-01T00:00:08/)
    for (const status of ['started', 'failed'] as const) {
      expect(explain(factsOf({ ...returned, status })).text).not.toContain('returned')
    }
    expect(explain(factsOf({ ...returned, returnedMs: 0 }, { position: 0 })).text).not.toContain('returned')
  })

  it('counts the jobs before a queued one, and the workers of its queue', () => {
    expect(explain(factsOf({}, { position: 2 })).text).toBe(
      '2 jobs before it in the queue low; 1 worker serves the queue.',
    )
    expect(explain(factsOf({}, { position: 0, workers: 0 })).code).toBe('no_worker')
    expect(explain(factsOf({}, { position: 0, suspended: true })).code).toBe('suspended')
    expect(explain(factsOf({}, { position: 0, paused: true, workers: 0 })).code).toBe('paused')
    expect(explain(factsOf({})).code).toBe('forgotten')
  })

  it('says whose canClaim holds the queue back, why and since when', () => {
    const since = '2026-01-31T10:00:00.000Z'
    const sinceMs = Date.parse(since)
    const reason = (facts: Partial<ExplanationFacts>) => {
      const { code, text } = explain(factsOf({}, { position: 0, ...facts }))
      return [code, text.replace(/^It is next in the queue low; /, '')]
    }
    const ann = { worker: 'ann', reason: 'no', sinceMs } as const
    const said = `the canClaim of the worker ann has said no ${`since ${since}`}`
    expect(reason({ heldBy: [ann] })).toEqual(['workers_held', `1 worker serves the queue; ${said}.`])
    const bob = { worker: 'bob', reason: 'failed', sinceMs } as const
    const failed = `the canClaim of the worker bob has failed since ${since}, see its log`
    expect(reason({ workers: 3, heldBy: [ann, bob] })).toEqual([
      'queued',
      `3 workers serve the queue; ${said}; ${failed}.`,
    ])
    expect(reason({ workers: 3, pausedWorkers: 1, heldBy: [ann, bob] })).toEqual([
      'workers_held',
      `3 workers serve the queue; ${said}; ${failed}; 1 of them is paused. Resume with worker.resume(), or rq-cli worker-resume.`,
    ])
    const many = Array.from({ length: 7 }, (_, n) => ({ ...ann, worker: `w${n}` }))
    expect(reason({ workers: 7, heldBy: many })[1]).toMatch(
      /w4 has said no since [^;]*; that of 2 more holds it back\.$/,
    )
    expect(reason({ heldBy: [ann], paused: true })[0]).toBe('paused')
  })

  it('says when the workers of the queue are paused', () => {
    const reason = (workers: number, pausedWorkers: number) => {
      const { code, text } = explain(factsOf({}, { position: 0, workers, pausedWorkers }))
      return [code, text.replace(/^It is next in the queue low; /, '')]
    }
    const advice = 'Resume with worker.resume(), or rq-cli worker-resume.'
    expect(reason(1, 1)).toEqual(['workers_paused', `1 worker serves the queue, and it is paused. ${advice}`])
    expect(reason(2, 2)).toEqual(['workers_paused', `2 workers serve the queue, and all are paused. ${advice}`])
    expect(reason(3, 2)).toEqual(['queued', `3 workers serve the queue, and 2 of them are paused. ${advice}`])
  })

  it('distinguishes dependencies that will end from those that block the job', () => {
    const dependencies = [
      { id: 'bad', status: 'failed' },
      { id: 'gone', status: undefined },
      { id: 'runs', status: 'started' },
      { id: 'out', status: 'canceled' },
    ] as const
    const strict = explain(factsOf({ status: 'deferred' }, { dependencies }))
    expect(strict).toMatchObject({ code: 'blocked', waitingFor: ['runs'], blockedBy: ['bad', 'out'] })
    expect(strict.text).toContain('bad, out, which are failed, canceled')
    const tolerant = factsOf(
      { status: 'deferred', allowDependencyFailures: true },
      { dependencies: dependencies.slice(0, 3) },
    )
    expect(explain(tolerant)).toMatchObject({ code: 'jobs', text: 'It waits for runs to end.' })
    const over = factsOf({ status: 'deferred' }, { dependencies: [{ id: 'gone', status: undefined }] })
    expect(explain(over)).toMatchObject({ code: 'released', text: expect.stringContaining('is gone') })
    const done = { dependencies: [{ id: 'done', status: 'finished' }] } as const
    expect(explain(factsOf({ status: 'deferred' }, done)).code).toBe('released')
    expect(explain(factsOf({ status: 'deferred' }, { ...done, releasing: true })).code).toBe('queued')
  })

  it('says whether anybody moves a scheduled job into its queue, and that its time is past', () => {
    const scheduled = (facts: Partial<ExplanationFacts>) =>
      explain(factsOf({ status: 'scheduled' }, { dueMs: 60_000, ...facts }))
    expect(scheduled({})).toMatchObject({
      code: 'time',
      text: 'It is due at 1970-01-01T00:01:00.000Z; a scheduler moves it to low then.',
    })
    expect(scheduled({ workers: 0 }).text).toMatch(/moves it to low then. No worker serves the queue: start one.$/)
    expect(scheduled({ nowMs: 72_000 }).text).toBe(
      'It was due at 1970-01-01T00:01:00.000Z, 12 s ago; a scheduler has not moved it to low yet.',
    )
    expect(scheduled({ hasScheduler: false, nowMs: 72_000 })).toMatchObject({
      code: 'no_scheduler',
      text: expect.stringMatching(
        /^It was due at .*, 12 s ago, but nobody moves it to low: the workers of the queue run/,
      ),
    })
    expect(scheduled({ hasScheduler: false, workers: 0 })).toMatchObject({
      code: 'no_scheduler',
      text: expect.stringMatching(/^It is due at .*, but nobody moves it to low: no worker serves the queue. Start a/),
    })
  })

  it('says that no worker of the queue knows its name, unless nobody would run it anyway', () => {
    const queued = factsOf({}, { position: 0, workers: 2 })
    expect(explain(queued, 'report')).toMatchObject({
      code: 'unknown_function',
      text: 'It is next in the queue low. No worker of the queue knows the job report: start one that has it among its jobs, before another fails it.',
    })
    expect(explain({ ...queued, paused: true }, 'report').code).toBe('paused')
    expect(explain({ ...queued, workers: 0 }, 'report').code).toBe('no_worker')
  })

  it('names five jobs at most', () => {
    const dependencies = Array.from({ length: 8 }, (_, n) => ({ id: `p${n}`, status: 'queued' }) as const)
    expect(explain(factsOf({ status: 'deferred' }, { dependencies })).text).toContain('p0, p1, p2, p3, p4 and 3 more')
  })

  it('names the jobs that hold the slots of a rate limit', () => {
    const record = { status: 'rate_limited', rateLimit: { key: 'api', concurrency: 1 } } as const
    const waiting = factsOf(record, { slotHolders: ['a'], waitingBefore: 0 })
    expect(explain(waiting).text).toBe('All 1 slots of the rate limit api are taken, by a; it is next.')
    expect(explain(factsOf(record)).code).toBe('forgotten')
  })
})
