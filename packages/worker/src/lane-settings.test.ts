import { describe, expect, it } from 'vitest'
import { checkLanes, queueNames, type WorkerQueues } from './lane-settings.ts'

const lanes = (queues: unknown, defaults = {}) => checkLanes(queues as WorkerQueues, defaults)

describe('checkLanes', () => {
  it('makes one lane of a list, and of a queue', () => {
    expect(lanes(['high', { name: 'low' }, 'high'], { concurrency: 5 })).toMatchObject([
      { queues: ['high', 'low'], concurrency: 5, horse: 'process' },
    ])
    expect(lanes({ name: 'mail' })).toMatchObject([{ queues: ['mail'], concurrency: 1 }])
  })

  it('makes a lane of each queue of an object, in order, with the options of the worker where it sets none', () => {
    const queues = { ingest: 20, mail: { horse: 'thread', horseMaxJobs: undefined }, name: {} }
    const defaults = { concurrency: 3, horse: 'inline', horseMaxJobs: 7, horseMaxBytes: '1kb', prefetch: { most: 2 } }
    const same = { horseMaxJobs: 7, horseMaxBytes: 1024, prefetch: { most: 2 } }
    expect(lanes(queues, defaults)).toEqual([
      { ...same, queues: ['ingest'], concurrency: 20, horse: 'inline' },
      { ...same, queues: ['mail'], concurrency: 3, horse: 'thread' },
      { ...same, queues: ['name'], concurrency: 3, horse: 'inline' },
    ])
  })

  it.each([
    [{}, 'expected at least one queue'],
    [new Map([['mail', 5]]), 'expected at least one queue'],
    [{ mail: 0 }, 'Invalid queues.mail.concurrency: got 0, expected'],
    [{ mail: { concurrency: 0 } }, 'Invalid queues.mail.concurrency: got 0, expected'],
    [{ mail: Number.NaN }, 'Invalid queues.mail.concurrency: got NaN'],
    [{ mail: '5' }, 'Invalid queues.mail: got "5", expected its concurrency, or options such as { concurrency: 5 }.'],
    [{ mail: null }, 'Invalid queues.mail: got null, expected its concurrency'],
    [{ mail: { horse: 'pony' } }, 'Invalid queues.mail.horse: got "pony", expected'],
    [{ mail: { concurency: 5 } }, 'Invalid option name of queues.mail: got "concurency"'],
    [{ mail: { prefetch: { more: 5 } } }, 'Invalid option name of queues.mail.prefetch: got "more"'],
    [{ mail: { horseMaxBytes: 'much' } }, 'Invalid queues.mail.horseMaxBytes'],
    [{ 'a?b': 5 }, 'Invalid queues: got "a?b", expected'],
    [[], 'expected at least one queue'],
  ])('refuses %o', (queues, message) => {
    expect(() => lanes(queues)).toThrow(message)
  })

  it('says which option is wrong: one of the worker, not of the queue', () => {
    expect(() => lanes({ mail: {} }, { concurrency: 0 })).toThrow(/^Invalid concurrency: got 0/)
  })
})

describe('queueNames', () => {
  it('are those of a list or of an object', () => {
    expect(queueNames({ b: 1, a: {} })).toEqual(['b', 'a'])
    expect(queueNames(['b', 'a', 'b'])).toEqual(['b', 'a'])
  })
})
