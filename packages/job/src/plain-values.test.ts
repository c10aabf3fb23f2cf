import { describe, expect, it } from 'vitest'
import { Callback } from './callback.ts'
import { Dependency } from './dependency.ts'
import { checkOptions, type EnqueueOptions } from './options.ts'
import { RateLimit } from './rate-limit.ts'
import { Repeat } from './repeat.ts'
import { Retry } from './retry.ts'

/** As an instance of the class of another copy of this package. */
const foreign = <T extends object>(value: T): T => structuredClone({ ...value })
const retry = new Retry({ max: 3, interval: [1, 5], enqueueAtFront: true })
const repeat = new Repeat({ times: 2, interval: 7 })
const rateLimit = new RateLimit({ key: 'k', concurrency: 2 })
const callback = new Callback('./jobs#done', { timeout: 5 })
const dependency = new Dependency({ jobs: ['a', 'b'], allowFailure: true })

describe('options of enqueue that have a class', () => {
  it.each<[EnqueueOptions, object]>([
    [{ retry: 3 }, { retry: new Retry({ max: 3 }) }],
    [{ retry: { max: 3, interval: [1, '5s'], enqueueAtFront: true } }, { retry }],
    [{ retry: foreign(retry) }, { retry }],
    [{ repeat: 2 }, { repeat: new Repeat({ times: 2 }) }],
    [{ repeat: { times: 2, interval: 7 } }, { repeat }],
    [{ repeat: foreign(repeat) }, { repeat }],
    [{ rateLimit: { key: 'k', concurrency: 2 } }, { rateLimit }],
    [{ rateLimit: foreign(rateLimit) }, { rateLimit }],
    [{ onSuccess: { func: './jobs#done', timeout: '5s' } }, { onSuccess: callback }],
    [{ onFailure: foreign(callback) }, { onFailure: callback }],
    [{ dependsOn: { jobs: ['a', { id: 'b' }], allowFailure: true } }, { dependency: { ...dependency } }],
    [{ dependsOn: [foreign(dependency)] }, { dependency: { ...dependency } }],
  ])('take plain objects and numbers: %o', (given, checked) => {
    expect(checkOptions(given)).toMatchObject(checked)
  })

  it('take 0 for none', () => {
    expect(checkOptions({ retry: 0, repeat: 0 })).not.toHaveProperty('retry')
    expect(checkOptions({ retry: 0, repeat: 0 })).not.toHaveProperty('repeat')
  })

  it.each([
    [{ retry: -1 }, /Invalid retry.max: got -1/],
    [{ retry: '3' }, /Invalid retry: got "3", expected a number of retries, { max, interval } or a Retry/],
    [{ retry: { attempts: 3 } }, /option name of Retry: got "attempts"/],
    [{ retry: [3] }, /Invalid retry: got an array/],
    [{ repeat: { times: 1.5 } }, /Invalid repeat.times/],
    [{ rateLimit: 3 }, /expected { key, concurrency } or a RateLimit/],
    [{ onSuccess: { timeout: 5 } }, /Invalid onSuccess: .*{ func, timeout }/],
    [{ onSuccess: { func: 5 } }, /Invalid callback: got 5/],
    [{ dependsOn: { jobs: [] } }, /at least one job/],
  ])('refuse others by name: %o', (given, message) => {
    expect(() => checkOptions(given as EnqueueOptions)).toThrow(message)
  })
})
