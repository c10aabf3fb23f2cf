import { describe, expect, it } from 'vitest'
import { type EnqueueOptions, Group, job, Queue } from '../src/index.ts'
import { add, nothing } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

const DEFAULTS = { resultTtl: '1h', retry: 2, jobTimeout: 30, description: 'by default' } as const

describe('defaults of a queue', () => {
  it('are those of every job: enqueued at once, later, in lists, in groups and made first', async () => {
    await using at = await rqFixture()
    const queue = at.open('mail', { defaults: DEFAULTS, defaultTimeout: 60 })
    const group = Group.create({ ...at.shared, name: 'g' })
    const jobs = [
      await queue.enqueue(add, [1, 2]),
      await queue.enqueueIn('1h', add, [1, 2]),
      ...(await queue.enqueueMany([Queue.prepareData(add, [1, 2])])),
      ...(await group.enqueueMany(queue, [Queue.prepareData(add, [1, 2])])),
      await queue.createJob(add, [1, 2]),
    ]
    for (const { description, resultTtl, retriesLeft, timeout } of jobs)
      expect({ description, resultTtl, retriesLeft, timeout }).toEqual({
        description: 'by default',
        resultTtl: 3600,
        retriesLeft: 2,
        timeout: 30,
      })
    expect((await at.open('mail').enqueue(nothing)).resultTtl).toBeUndefined()
  })

  it('count less than the options of job(), and those less than the options of the call', async () => {
    await using at = await rqFixture()
    const queue = at.open('mail', { defaults: DEFAULTS })
    const sum = job(queue, { resultTtl: 20, retry: 1 })(add)
    const made = await sum.delayWith({ resultTtl: 10 })(1, 2)
    expect([made.resultTtl, made.retriesLeft, made.timeout]).toEqual([10, 1, 30])
    const [listed] = await queue.enqueueMany([
      Queue.prepareData(add, [1, 2], { retry: 0, resultTtl: undefined as never }),
    ])
    expect([listed?.resultTtl, listed?.retriesLeft]).toEqual([3600, undefined])
  })

  it('may say that jobs are one of a kind', async () => {
    await using at = await rqFixture()
    const queue = at.open('mail', { defaults: { unique: {} } })
    const first = await queue.enqueue(add, [1, 2])
    const [again, free] = await queue.enqueueMany([
      Queue.prepareData(add, [1, 2]),
      Queue.prepareData(add, [1, 2], { unique: false }),
    ])
    expect([again?.id, free?.isDuplicate]).toEqual([first.id, false])
    expect((await queue.createJob(add, [1, 2])).uniqueKey).toBeUndefined()
  })

  it.each<[string, object]>([
    ['option name of defaults', { retrys: 1 }],
    ['defaults.jobId', { jobId: 'a' }],
    ['defaults.kwargs', { kwargs: {} }],
    ['resultTtl', { resultTtl: 'soon' }],
    ['options of defaults', ['1h']],
  ])('refuse a wrong %s when the queue is made', async (option, defaults) => {
    await using at = await rqFixture()
    const make = () => at.open('mail', { defaults: defaults as EnqueueOptions })
    expect(make).toThrow(expect.objectContaining({ code: 'RQ_INVALID_OPTION', details: { option } }))
  })
})
