import { describe, expect, it } from 'vitest'
import { Callback, getCurrentJob, Job, JobFailedError, NoRetryError, Queue, Retry } from '../src/index.ts'
import { noted } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

class QuotaError extends Error {
  readonly code = 'QUOTA'
  readonly status = 429
}

export function quota(kind: string): never {
  noted.push(kind)
  throw Object.assign(new QuotaError(kind), { kind })
}
export function giveUp(): never {
  noted.push('given up')
  throw new NoRetryError('no such user', { details: { user: 7 } })
}
export function attempts(): never {
  const { attempt, isLastAttempt, maxAttempts } = getCurrentJob() as Job
  noted.push([attempt, maxAttempts, isLastAttempt])
  throw new Error('no')
}
export function isWorthIt(error: Error & { kind: string }): unknown {
  const { kind } = error
  noted.push(`asked about ${kind}`)
  if (kind === 'breaks') throw new TypeError('the check broke')
  return { never: false, again: true, later: '90s', soon: '100ms', odd: 'soon', nothing: undefined }[kind]
}
export const tell = (job: Job): void => void noted.push(`told after attempt ${job.attempt} of ${job.maxAttempts}`)
export const retryWithCheck = () => new Retry({ max: 1, on: isWorthIt as never })

const everyError = { max: 2, on: isWorthIt as never }
const told = () => noted.filter((what) => String(what).startsWith('told'))

describe('NoRetryError', () => {
  it('fails the job at once, and leaves its retries for a requeue', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(giveUp, [], { retry: 3 })
    await at.work()
    await job.refresh()
    expect([await job.getStatus(), job.retriesLeft, job.attempt, noted]).toEqual(['failed', 3, 1, ['given up']])
    const failed = await job.result().catch((error: JobFailedError) => error)
    expect(failed).toBeInstanceOf(JobFailedError)
    expect((failed as JobFailedError).remote).toMatchObject({
      name: 'NoRetryError',
      message: 'no such user',
      code: 'RQ_NO_RETRY',
      details: { user: 7 },
    })
  })

  it('is told from other errors by its code alone, so that it may come from another copy', async () => {
    await using at = await rqFixture()
    const queue = at.open('default', { isAsync: false })
    const job = await queue.enqueue(giveUp, [], { retry: 3 })
    expect(await job.isFailed()).toBe(true)
  })
})

describe('job.attempt, maxAttempts and isLastAttempt', () => {
  it('count from 1, in the job and outside', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(attempts, [], { retry: 2 })
    expect([job.attempt, job.maxAttempts, job.isLastAttempt]).toEqual([1, 3, false])
    await at.work()
    const expected = [
      [1, 3, false],
      [2, 3, false],
      [3, 3, true],
    ]
    expect(noted).toEqual(expected)
    const { attempt, isLastAttempt } = await Job.fetch(job.id, at.shared)
    expect([attempt, isLastAttempt]).toEqual([3, true])
    await job.requeue()
    await at.work()
    expect(noted.at(-1)).toEqual([3, 3, true])
  })

  it('are 1, 1 and true where retries are ignored', async () => {
    await using at = await rqFixture()
    await at.open('default', { isAsync: false }).enqueue(attempts, [], { retry: 2 })
    expect(noted).toEqual([[1, 1, true]])
  })

  it('cost a job without retries no field', async () => {
    await using at = await rqFixture()
    const plain = await at.queue.enqueue(attempts)
    const fields = await at.redis.client.hkeys(at.key(`job:${plain.id}`))
    expect(fields).toHaveLength(8)
  })
})

describe('Retry with on', () => {
  it('asks about each error but the last one, and follows the answer', async () => {
    await using at = await rqFixture()
    const kinds = ['never', 'again', 'later'] as const
    const jobs = await at.queue.enqueueMany(
      kinds.map((kind) => Queue.prepareData(quota, [kind], { retry: everyError })),
    )
    const beforeMs = Date.now()
    await at.work()
    const afterMs = Date.now()
    expect(await Promise.all(jobs.map((job) => job.getStatus()))).toEqual(['failed', 'failed', 'scheduled'])
    const asked = (kind: string) => noted.filter((what) => what === `asked about ${kind}`).length
    expect(kinds.map(asked)).toEqual([1, 2, 1])
    await Promise.all(jobs.map((job) => job.refresh()))
    expect(jobs.map(({ retriesLeft }) => retriesLeft)).toEqual([2, 0, 1])
    const [, , later] = jobs
    // It waits from the moment in which its end is stored.
    const storedMs = Number(await at.queue.scheduledJobRegistry.getScheduledTime(later as Job)) - 90_000
    expect(storedMs).toBeGreaterThanOrEqual(Math.max(beforeMs, Number(later?.endedAt)))
    expect(storedMs).toBeLessThanOrEqual(afterMs)
  })

  it('waits milliseconds as well', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(quota, ['soon'], { retry: everyError })
    await at.work()
    await job.refresh()
    const due = Number(await at.queue.scheduledJobRegistry.getScheduledTime(job))
    expect(due - Number(job.endedAt)).toBeLessThan(60_000)
  })

  it.each([
    ['breaks', 'TypeError: the check broke'],
    ['odd', 'Invalid return value of retry.on: got "soon"'],
    ['nothing', 'Invalid return value of retry.on: got undefined, expected true, false, or how long to wait'],
  ])('tries again when the check %s, and keeps both errors', async (kind, text) => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(quota, [kind], { retry: { ...everyError, interval: 60 } })
    await at.work()
    expect(await job.isScheduled()).toBe(true)
    const [result] = await job.results()
    expect(result?.excString).toContain(`Error: ${kind}`)
    expect(result?.excString).toContain(text)
    expect(result?.error).toMatchObject({ message: kind, code: 'QUOTA' })
  })

  it('is stored by its name, and refuses what is no function', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue('./mail#send', [], { retry: { max: 1, on: './errors#isTransient' } })
    expect(await at.redis.client.hget(at.key(`job:${job.id}`), 'retry_on')).toBe('./errors#isTransient')
    for (const on of [7, {}, null]) {
      const wrong = at.queue.enqueue('./mail#send', [], { retry: { max: 1, on: on as never } })
      await expect(wrong).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION', details: { option: 'retry.on' } })
    }
    await expect(at.queue.enqueue('./a#b', [], { retry: { max: 1, on: '#' } })).rejects.toMatchObject({
      code: 'RQ_INVALID_REFERENCE',
    })
    expect(await at.queue.count()).toBe(1)
  })

  it('is refused in a Retry that a function returns', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(retryWithCheck)
    await at.work()
    expect((await job.latestResult())?.excString).toMatch(/Invalid retry\.on: .*none in a returned Retry/)
  })
})

describe("a Callback with when: 'last'", () => {
  it('is called for the last failure only', async () => {
    await using at = await rqFixture()
    await at.queue.enqueue(attempts, [], { retry: 2, onFailure: new Callback(tell as never, { when: 'last' }) })
    await at.work()
    expect(told()).toEqual(['told after attempt 3 of 3'])
  })

  it('is called when an error is not worth another attempt', async () => {
    await using at = await rqFixture()
    const onFailure = { func: tell as never, when: 'last' } as const
    await at.queue.enqueue(giveUp, [], { retry: 2, onFailure })
    await at.queue.enqueue(quota, ['never'], { retry: everyError, onFailure })
    await at.work()
    expect(told()).toEqual(['told after attempt 1 of 3', 'told after attempt 1 of 3'])
  })

  it('is called after each failed attempt without it', async () => {
    await using at = await rqFixture()
    await at.queue.enqueue(attempts, [], { retry: 1, onFailure: tell as never })
    await at.work()
    expect(told()).toEqual(['told after attempt 1 of 2', 'told after attempt 2 of 2'])
  })

  it('is refused for other callbacks, and with other words', async () => {
    await using at = await rqFixture()
    const last = new Callback('./a#b', { when: 'last' })
    for (const options of [{ onSuccess: last }, { onStopped: last }]) {
      await expect(at.queue.enqueue('./a#b', [], options)).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
    }
    expect(() => new Callback('./a#b', { when: 'first' as never })).toThrow("expected 'each' or 'last'")
    expect(() => new Callback('./a#b', { wen: 'last' } as never)).toThrow("'when'")
    expect(await at.queue.count()).toBe(0)
  })
})

describe('job.results()', () => {
  it('has the error of every failed attempt, newest first', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(quota, ['again'], { retry: 2 })
    await at.work()
    const results = await job.results()
    expect(results.map(({ type }) => type)).toEqual(['failed', 'retried', 'retried'])
    for (const { error, excString, executionId } of results) {
      expect(error).toMatchObject({ name: 'Error', message: 'again', code: 'QUOTA' })
      expect(error?.details).toEqual({ status: 429, kind: 'again' })
      expect(error?.stack).toBe(excString)
      expect(executionId).toMatch(/^[0-9a-f]+$/)
    }
  })

  it('keeps ten', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(quota, ['again'], { retry: 14 })
    await at.work()
    expect(await job.results()).toHaveLength(10)
    expect(await at.redis.client.xlen(at.key(`results:${job.id}`))).toBe(10)
  })

  it('ends with the value of the attempt that succeeded', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(failOnce, ['once'], { retry: 1 })
    await at.work()
    expect(await job.result()).toBe('fine')
    expect((await job.results()).map(({ type }) => type)).toEqual(['successful', 'retried'])
    expect(await at.redis.client.ttl(at.key(`results:${job.id}`))).toBeLessThanOrEqual(500)
  })

  it('still fails a job that returns what cannot be stored, at its second attempt too', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(returnFunction, [], { retry: 1 })
    await at.work()
    expect(await job.isFailed()).toBe(true)
  })
})

export function failOnce(key: string): string {
  if (noted.includes(key)) return 'fine'
  noted.push(key)
  throw new Error('the first time')
}
export const returnFunction = (): unknown => () => {}
