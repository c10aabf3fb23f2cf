import { eventually } from '@rq/testkit'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type QueueEvent, Retry, SimpleWorker } from '../src/index.ts'
import { add, divByZero } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('queue.on', () => {
  it('delivers events of jobs in another process, once it listens', async () => {
    await using test = await rqFixture()
    const other = test.open('other')
    const heard: QueueEvent[] = []
    for (const name of ['job:started', 'job:finished', 'job:failed', 'job:retried'] as const) {
      test.queue.on(name, (event) => heard.push(event))
    }
    await test.queue.listening()
    const worker = new SimpleWorker(['default', 'other'], { ...test.where, name: 'ann' })
    const started = new Promise((resolve) => worker.once('worker:started', resolve))
    const working = worker.work()
    await started
    // The worker knows of the listener once an event has arrived.
    await eventually(async () => {
      await test.queue.enqueue(add, [1, 2], { resultTtl: 0 })
      return heard.length > 0
    })
    await eventually(async () => (await test.queue.count()) === 0)
    const names = (jobId: string) => heard.filter((event) => event.jobId === jobId).map(({ name }) => name)
    await other.enqueue(add, [1, 2], { jobId: 'elsewhere' })
    await test.queue.enqueue(divByZero, [], { jobId: 'bad', retry: new Retry({ max: 1 }) })
    await test.queue.enqueue(add, [1, 2], { jobId: 'good' })
    await eventually(() => {
      expect(names('bad')).toEqual(['job:started', 'job:retried', 'job:started', 'job:failed'])
      expect(names('good')).toEqual(['job:started', 'job:finished'])
    })
    expect(names('elsewhere')).toEqual([])
    const last = heard.find(({ name, jobId }) => jobId === 'good' && name === 'job:finished')
    expect(last).toMatchObject({ queue: 'default', workerName: 'ann', executionId: expect.stringMatching(/^\w{20}$/) })
    expect(Math.abs((last?.atMs ?? 0) - Date.now())).toBeLessThan(60_000)
    await worker.stop()
    await working
  })

  it('is typed, and off removes a listener', async () => {
    await using test = await rqFixture()
    const listener = (event: QueueEvent) => expectTypeOf(event.jobId).toBeString()
    // @ts-expect-error There is no such event.
    expect(test.queue.on('job:vanished', listener).off('job:vanished', listener)).toBe(test.queue)
    await test.queue.listening()
  })

  it('rejects when it cannot listen', async () => {
    await using test = await rqFixture()
    const queue = test.open('away', { connection: 'redis://127.0.0.1:1' })
    queue.on('job:finished', () => {})
    await expect(queue.listening()).rejects.toMatchObject({ code: 'RQ_REDIS_UNREACHABLE' })
  })
})
