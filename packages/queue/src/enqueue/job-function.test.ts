import { FunctionLoader } from '@rq/functions'
import { Retry } from '@rq/job'
import { TestStorage } from '@rq/testkit/memory-storage'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { storage, sum, times } from '../../test/decorated.ts'
import { Queue } from '../queue/queue.ts'
import { job, jobDecorator } from './job-function.ts'

beforeEach(async () => {
  for (const queue of await storage.queues.queueNames()) await storage.queues.deleteQueue(queue, true)
})

describe('job', () => {
  it('leaves a function that can be called', () => {
    expect(sum(3, 4)).toBe(7)
    expect([sum.length, times.name]).toEqual([2, 'multiply'])
  })

  it('enqueues with the options given', async () => {
    const enqueued = await sum.delay(3, 4)
    expect(storage.waiting('low')).toEqual([enqueued.id])
    expect(enqueued).toMatchObject({ args: [3, 4], timeout: 5, resultTtl: 60, description: 'adds', origin: 'low' })
    expect(enqueued.funcName).toMatch(/test\/decorated#sum$/)
  })

  it('lets a call override them', async () => {
    const retry = new Retry({ max: 2 })
    const enqueued = await sum.delayWith({ jobTimeout: '1m', jobId: 'mine', retry })(3, 4)
    expect(enqueued).toMatchObject({ id: 'mine', timeout: 60, resultTtl: 60, retriesLeft: 2 })
    expect(await sum.enqueue([1, 2], { atFront: true })).toMatchObject({ args: [1, 2], timeout: 5 })
    expect(storage.waiting('low')).toHaveLength(2)
  })

  it('is found by a worker, also through another queue', async () => {
    const enqueued = await new Queue('other', { storage }).enqueue(times, [3, 4])
    expect(enqueued.funcName).toMatch(/test\/decorated#(times|multiply)$/)
    const found = await new FunctionLoader().load(enqueued.funcName)
    expect(found(3, 4)).toBe(12)
    expect(await times.delay(5, 6)).toMatchObject({ origin: 'objects' })
  })

  it('gives a function a name for workers without module files', async () => {
    const memory = new TestStorage()
    const closure = job('low', { storage: memory, name: 'send-mail' })((to: string) => to)
    expect((await closure.delay('ada')).funcName).toBe('send-mail')
  })

  it('keeps this and the properties of the function', () => {
    const target = Object.assign(
      function (this: { base: number }, x: number) {
        return this.base + x
      },
      { version: 2 },
    )
    const decorated = job('low', { storage })(target)
    expect(decorated.call({ base: 1 }, 2)).toBe(3)
    expect(decorated.version).toBe(2)
  })

  it('refuses options that no enqueue would take, when it is declared', () => {
    expect(() => job('low', { storage, ttl: 0 })).toThrow(/Invalid ttl/)
    expect(() => job(5 as never, { storage })).toThrow(/Invalid queue/)
    expect(() => job('low', { storage })('text' as never)).toThrow(/expected a function/)
  })
})

describe('jobDecorator', () => {
  it('makes the queue at the first enqueue, once', async () => {
    const memory = new TestStorage()
    const makeQueue = vi.fn((name: string, _options: { connection: string }) => new Queue(name, { storage: memory }))
    const decorated = jobDecorator(makeQueue, { connection: true })('low', {
      connection: 'redis://x',
      name: 'f',
      ttl: 5,
    })(() => 1)
    expect(makeQueue).not.toHaveBeenCalled()
    await decorated.delay()
    await decorated.delay()
    expect(makeQueue.mock.calls).toEqual([['low', { connection: 'redis://x' }]])
  })
})
