import { describe, expect, it } from 'vitest'
import { Retry } from '../src/index.ts'
import { add } from './decorated.ts'
import { rqFixture } from './rq-fixture.ts'

describe('job()', () => {
  it('returns a callable function with a queue', async () => {
    await using at = await rqFixture()
    expect(add(3, 4)).toBe(7)
    const low = at.open('low')
    const decorated = add.on(low)
    const job = await decorated.delay(3, 4)
    expect(job).toMatchObject({ origin: 'low', timeout: 5, resultTtl: 40, args: [3, 4] })
    await at.work(['low'])
    expect(await job.returnValue()).toBe(7)
  })

  it('has options that a call can override', async () => {
    await using at = await rqFixture()
    const low = at.open('low')
    const decorated = add.on(low)
    const parent = await low.enqueue(decorated, [1, 1])
    const options = { dependsOn: parent, jobId: 'mine', jobTimeout: 9, retry: new Retry({ max: 1 }), atFront: true }
    const child = await decorated.delayWith(options)(1, 2)
    expect(child).toMatchObject({ id: 'mine', timeout: 9, retriesLeft: 1, dependencyIds: [parent.id] })
    expect(await child.isDeferred()).toBe(true)
    const again = await decorated.enqueue([5, 6], { description: 'by hand' })
    expect(again.description).toBe('by hand')
    await at.work(['low'])
    expect(await child.returnValue()).toBe(3)
  })
})
