import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { LargeGarbage } from './large-garbage.ts'

const MB = 1024 ** 2

describe('LargeGarbage', () => {
  it('has the memory of large payloads freed once they are gone', async () => {
    // Other tests of this process may have filled the heap.
    const garbage = new LargeGarbage(Number.POSITIVE_INFINITY)
    const freed: number[] = []
    const registry = new FinalizationRegistry((n: number) => freed.push(n))
    for (let n = 0; n < 2; n++) registry.register(Buffer.allocUnsafeSlow(4 * MB), n)
    garbage.note(1000)
    garbage.note(4 * MB)
    garbage.note(4 * MB)
    await eventually(() => expect(freed.length).toBe(2))
  })
})
