import { describe, expect, it } from 'vitest'
import { mapAtOnce } from './map-at-once.ts'

describe('mapAtOnce', () => {
  it('keeps the order, and has no more calls under way than it may', async () => {
    let underWay = 0
    let most = 0
    const late = async (n: number) => {
      most = Math.max(most, ++underWay)
      for (let turns = n % 3; turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      underWay--
      return n * 2
    }
    expect(await mapAtOnce([1, 2, 3, 4, 5, 6, 7], 3, late)).toEqual([2, 4, 6, 8, 10, 12, 14])
    expect(most).toBe(3)
    expect(await mapAtOnce([], 3, late)).toEqual([])
  })

  it('rejects with the first error, and begins no further call', async () => {
    const begun: number[] = []
    const fail = async (n: number) => {
      begun.push(n)
      await null
      if (n === 2) throw new Error('second')
      return n
    }
    await expect(mapAtOnce([1, 2, 3, 4, 5, 6], 2, fail)).rejects.toThrow('second')
    expect(begun).toEqual([1, 2, 3])
  })
})
