import { beforeEach, describe, expect, test } from 'vitest'
import { Leftovers } from './leftovers.ts'

let active: number
let leftovers: Leftovers

beforeEach(() => {
  active = 2
  leftovers = new Leftovers(() => active)
})

describe('Leftovers', () => {
  test('suspects nobody before the first job, and after jobs that left nothing', () => {
    leftovers.look(0, false)
    expect(leftovers.mayExist).toBe(false)
    leftovers.ended('1')
    leftovers.look(0, false)
    expect(leftovers.mayExist).toBe(false)
  })

  test('suspects the jobs after which more is active, until that is gone', () => {
    for (const [id, after] of [
      ['1', 3],
      ['2', 3],
      ['3', 4],
      ['4', 3],
    ] as const) {
      leftovers.ended(id)
      active = after
      leftovers.look(0, false)
    }
    expect([leftovers.areKnown, leftovers.suspects()]).toEqual([true, ['1', '3']])
    active = 2
    leftovers.look(0, false)
    expect(leftovers.mayExist).toBe(false)
  })

  test('suspects jobs that have ended since the last look, which is milliseconds ago between jobs in a hurry', () => {
    leftovers.look(0, false)
    leftovers.ended('1')
    leftovers.look(4, true)
    expect([leftovers.areKnown, leftovers.mayExist, leftovers.suspects()]).toEqual([false, true, ['1']])
    leftovers.look(5, true)
    expect(leftovers.mayExist).toBe(false)
  })

  test('names the last five', () => {
    for (let n = 1; n <= 7; n++) leftovers.ended(`${n}`)
    active = 3
    leftovers.look(0, false)
    leftovers.ended('8')
    expect(leftovers.suspects()).toEqual(['4', '5', '6', '7', '8'])
  })

  test('does not know whose leftovers began to be active after a look', () => {
    active = 3
    leftovers.look(0, false)
    expect([leftovers.areKnown, leftovers.suspects()]).toEqual([true, []])
  })

  test('counts timers, and not those that do not keep the process alive', () => {
    const real = new Leftovers()
    const timer = setInterval(() => {}, 60_000)
    real.look(0, false)
    expect(real.areKnown).toBe(true)
    timer.unref()
    real.look(0, false)
    expect(real.mayExist).toBe(false)
    clearInterval(timer)
  })
})
