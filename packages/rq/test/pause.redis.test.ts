import { patience } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { SimpleWorker } from '../src/index.ts'
import { add } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('a queue that is paused', () => {
  it('keeps its jobs, explains why, and releases them when it is resumed', async () => {
    await using test = await rqFixture()
    await test.queue.pause()
    expect(await test.queue.isPaused()).toBe(true)
    const job = await test.queue.enqueue(add, [1, 2])
    expect(await test.work()).toBe(false)
    expect(await job.explain()).toMatchObject({ status: 'queued', code: 'paused' })
    expect(await test.queue.resume()).toBe(true)
    expect(await test.work()).toBe(true)
    expect(await job.returnValue()).toBe(3)
  })

  it('does not delay other queues of a worker, which continues with it when it is resumed', async () => {
    await using test = await rqFixture()
    const other = test.open('other')
    await test.queue.pause({ duration: '1h' })
    const held = await test.queue.enqueue(add, [1, 2])
    const worker = new SimpleWorker(['default', 'other'], test.where)
    const working = worker.work()
    // One after the other, so that the worker waits for each.
    for (let n = 0; n < 3; n++) {
      const job = await other.enqueue(add, [n, 1])
      expect(await job.result({ timeout: patience(60) })).toBe(n + 1)
    }
    expect(await held.getStatus()).toBe('queued')
    await test.queue.resume()
    expect(await held.result({ timeout: patience(60) })).toBe(3)
    await worker.stop()
    await working
  })

  it('accepts a duration of at least a second', async () => {
    await using test = await rqFixture()
    await expect(test.queue.pause({ duration: 0 })).rejects.toThrow(/Invalid duration/)
  })
})
