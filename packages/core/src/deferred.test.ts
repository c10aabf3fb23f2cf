import { describe, expect, it } from 'vitest'
import { deferred } from './deferred.ts'

describe('deferred', () => {
  it('settles its promise from outside, once', async () => {
    const kept = deferred<number>()
    kept.resolve(1)
    kept.resolve(2)
    kept.reject(new Error('late'))
    await expect(kept.promise).resolves.toBe(1)
    const broken = deferred()
    broken.reject('no')
    await expect(broken.promise).rejects.toBe('no')
  })
})
