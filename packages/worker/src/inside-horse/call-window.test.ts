import { describe, expect, it } from 'vitest'
import { bytesOf, CallWindow } from './call-window.ts'

describe('CallWindow', () => {
  it('lets so many calls begin, and the others in their order when one has ended', () => {
    const window = new CallWindow(2, 100)
    const begun: number[] = []
    for (let n = 0; n < 5; n++) window.enter(1, () => begun.push(n))
    expect(begun).toEqual([0, 1])
    window.leave(1)
    expect(begun).toEqual([0, 1, 2])
    window.leave(1)
    window.enter(1, () => begun.push(5))
    for (let n = 0; n < 4; n++) window.leave(1)
    expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('lets calls begin up to so many bytes, and a larger one alone', () => {
    const window = new CallWindow(10, 100)
    const begun: number[] = []
    for (const bytes of [60, 60, 500, 1]) window.enter(bytes, () => begun.push(bytes))
    expect(begun).toEqual([60])
    window.leave(60)
    expect(begun).toEqual([60, 60])
    window.leave(60)
    expect(begun).toEqual([60, 60, 500])
    window.leave(500)
    expect(begun).toEqual([60, 60, 500, 1])
  })
})

describe('bytesOf', () => {
  it('counts texts and bytes wherever they are', () => {
    expect(bytesOf(['abc', 7, null, undefined, { meta: Buffer.alloc(10), list: ['x'] }])).toBe(14)
  })
})
