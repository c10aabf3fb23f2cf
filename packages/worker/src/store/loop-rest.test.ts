import { describe, expect, test } from 'vitest'
import { LoopRest } from './loop-rest.ts'

/** Whether a promise is settled once what is due has run. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false
  void promise.then(() => {
    over = true
  })
  await new Promise(setImmediate)
  return over
}

describe('LoopRest', () => {
  test('lasts until its end', async () => {
    const rest = new LoopRest()
    rest.begin()
    const taken = rest.take('wait')
    expect([rest.step, await isOver(taken)]).toEqual(['wait', false])
    rest.end()
    expect([await isOver(taken), rest.step]).toEqual([true, undefined])
  })

  test('is over at once when its end came while the loop was at work', async () => {
    const rest = new LoopRest()
    rest.begin()
    rest.end()
    expect(await isOver(rest.take())).toBe(true)
  })

  test('an end from before the loop looked again does not count', async () => {
    const rest = new LoopRest()
    rest.end()
    rest.begin()
    expect(await isOver(rest.take())).toBe(false)
  })
})
