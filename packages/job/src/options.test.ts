import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { Callback } from './callback.ts'
import { Dependency } from './dependency.ts'
import { checkOptions, type EnqueueOptions } from './options.ts'
import { RateLimit } from './rate-limit.ts'
import { Repeat } from './repeat.ts'
import { Retry } from './retry.ts'
import { Webhook } from './webhook.ts'

const refused = (option: string) => expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option } })

describe('checkOptions', () => {
  it('accepts durations in every form and keeps -1 where it means no limit', () => {
    const checked = checkOptions({ jobTimeout: '2m', resultTtl: -1, ttl: '90', failureTtl: { toMillis: () => 7000 } })
    expect(checked).toMatchObject({ timeoutS: 120, resultTtlS: -1, ttlS: 90, failureTtlS: 7 })
  })

  it.each<[string, EnqueueOptions]>([
    ['jobTimeout', { jobTimeout: 0 }],
    ['jobTimeout', { jobTimeout: 'soon' }],
    ['ttl', { ttl: 0 }],
    ['ttl', { ttl: -1 }],
    ['jobId', { jobId: 'a b' }],
    ['jobId', { jobId: '' }],
    ['jobId', { jobId: 'line\n' }],
    ['atFront', { atFront: 1 as never }],
    ['description', { description: 7 as never }],
    ['meta', { meta: [] as never }],
    ['meta', { meta: new Map([['a', 1]]) as never }],
    ['kwargs', { kwargs: null as never }],
    ['kwargs', { kwargs: new Date() as never }],
    ['unique', { unique: true }],
    ['unique', { unique: true, jobId: 'a', dependsOn: 'b' }],
    ['unique', { unique: true, jobId: 'a', rateLimit: new RateLimit({ key: 'k', concurrency: 1 }) }],
    ['dependsOn', { jobId: 'a', dependsOn: ['b', 'a'] }],
    ['dependsOn', { dependsOn: 7 as never }],
    ['retry', { retry: '3' as never }],
    ['repeat', { repeat: '3' as never }],
    ['onSuccess', { onSuccess: 7 as never }],
    ['webhooks', { webhooks: ['http://x' as never] }],
    ['webhooks', { webhooks: 'http://x' as never }],
    ['webhooks', { webhooks: new Webhook('http://x', 'failed') as never }],
    ['webhooks', { webhooks: [undefined as never] }],
    ['webhooks', { webhooks: Array.from({ length: 33 }, () => new Webhook('http://x', 'failed')) }],
    ['dependsOn', { dependsOn: Array.from({ length: 100_001 }, (_, n) => `j${n}`) }],
    ['dependsOn', { dependsOn: Array.from({ length: 30_000 }, (_, n) => `${n}`.padStart(200, 'j')) }],
    ['rateLimit', { rateLimit: 3 as never }],
    ['onFailure', { onFailure: {} as never }],
    ['onStopped', { onStopped: null as never }],
    ['resultTtl', { resultTtl: -2 }],
    ['failureTtl', { failureTtl: 'never' }],
    ['unique', { unique: 'yes' as never, jobId: 'a' }],
    ['option name', { job_timeout: 5 } as never],
    ['options', ['http://nvie.com'] as never],
  ])('refuses a wrong %s and names it', (option, options) => {
    expect(() => checkOptions(options)).toThrow(refused(option))
  })

  it('accepts plain objects of other realms', () => {
    const meta = runInNewContext('({ a: 1 })') as Record<string, unknown>
    expect(checkOptions({ meta, kwargs: Object.create(null) as Record<string, unknown> }).meta).toBe(meta)
  })

  it('suggests the name that was meant', () => {
    expect(() => checkOptions({ depends_on: 'a' } as never)).toThrow("'dependsOn'")
  })

  it('merges dependencies without duplicate ids, and allows failure only if all of them do', () => {
    const tolerant = new Dependency({ jobs: ['a', { id: 'b' }], allowFailure: true, enqueueAtFront: true })
    expect(checkOptions({ dependsOn: [tolerant, 'b', 'c'] }).dependency).toEqual({
      jobIds: ['a', 'b', 'c'],
      allowFailure: false,
      enqueueAtFront: true,
    })
    expect(checkOptions({ dependsOn: tolerant }).dependency?.allowFailure).toBe(true)
    expect(checkOptions({ dependsOn: [] }).dependency).toBeUndefined()
  })
})

describe('option classes', () => {
  it('refuse wrong values', () => {
    expect(() => new Retry({ max: 0 })).toThrow(refused('retry.max'))
    expect(() => new Retry({ max: 1, interval: [1, -1] })).toThrow(refused('retry.interval'))
    expect(() => new Repeat({ times: 0 })).toThrow(refused('repeat.times'))
    expect(() => new Repeat({ times: 1, interval: [] })).toThrow(refused('repeat.interval'))
    expect(() => new Retry({ max: 1, interval: Array(1001).fill(1) })).toThrow(refused('retry.interval'))
    expect(() => new Dependency({ jobs: [] })).toThrow(refused('dependency.jobs'))
    expect(() => new Dependency({ jobs: 'a', allowFailure: 'no' as never })).toThrow(refused('dependency.allowFailure'))
    expect(() => new Retry({ max: 1, enqueueAtFront: 1 as never })).toThrow(refused('retry.enqueueAtFront'))
    expect(() => new RateLimit({ key: '', concurrency: 1 })).toThrow(refused('rateLimit.key'))
    expect(() => new RateLimit({ key: 'k', concurrency: 0 })).toThrow(refused('rateLimit.concurrency'))
    expect(() => new Callback(() => {}, { timeout: 0 })).toThrow(refused('callback.timeout'))
    expect(() => new Webhook('ftp://x', 'failed')).toThrow(refused('webhook.url'))
    expect(() => new Webhook('http://x', 'queued' as never)).toThrow(refused('webhook.jobStatus'))
    expect(() => new Webhook('http://x', 'failed', { method: 'PUT' as never })).toThrow(refused('webhook.method'))
    const headers = { 'x-key': 'k', Host: 'other' }
    expect(() => new Webhook('http://x', 'failed', { headers })).toThrow(refused('webhook.headers'))
    expect(() => new Webhook('http://x', 'failed', { timeout: 0 })).toThrow(refused('webhook.timeout'))
    expect(() => new Webhook(`http://x/${'x'.repeat(16 * 1024)}`, 'failed')).toThrow(refused('webhook'))
  })

  it('have RQ’s defaults', () => {
    expect(new Retry({ max: 2 })).toMatchObject({ max: 2, intervalsS: [0], enqueueAtFront: false })
    expect(String(new Retry({ max: 2, interval: [1, '2s'], enqueueAtFront: true }))).toBe(
      'Retry(max=2, interval=[1, 2], enqueueAtFront=true)',
    )
    expect(new Callback('a.b').timeoutS).toBe(60)
    expect(new Callback('a.b', { timeout: '2m' }).timeoutS).toBe(120)
    expect(new Webhook('http://x', 'failed').toRecord()).toEqual({
      url: 'http://x',
      job_status: 'failed',
      method: 'GET',
      headers: null,
      timeout: 10,
    })
  })

  it('Retry.exponential waits at most a year by default', () => {
    const { intervalsS } = Retry.exponential({ max: 60, base: 1, factor: 10 })
    expect(intervalsS.slice(0, 3)).toEqual([1, 10, 100])
    expect(Math.max(...intervalsS)).toBe(365 * 24 * 3600)
  })

  it('Retry.exponential waits at most `cap`, and jitter only shortens a wait', () => {
    expect(Retry.exponential({ max: 5, base: 2, cap: 20 }).intervalsS).toEqual([2, 4, 8, 16, 20])
    for (const [index, wait] of Retry.exponential({ max: 5, base: 10, jitter: 0.5 }).intervalsS.entries()) {
      expect(wait).toBeLessThanOrEqual(10 * 2 ** index)
      expect(wait).toBeGreaterThanOrEqual(5 * 2 ** index)
    }
  })
})
