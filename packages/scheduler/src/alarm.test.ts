import { describe, expect, it } from 'vitest'
import { Alarm } from './alarm.ts'

describe('Alarm', () => {
  it('ends a sleep when it rings', async () => {
    const alarm = new Alarm()
    const sleep = alarm.sleep(60_000)
    alarm.ring()
    await sleep
  })

  it('ends the next sleep at once when it rang while nobody slept, and only that one', async () => {
    const alarm = new Alarm()
    alarm.ring()
    alarm.ring()
    await alarm.sleep(60_000)
    const started = performance.now()
    await alarm.sleep(20)
    expect(performance.now() - started).toBeGreaterThan(15)
  })

  it('sleeps longer than a timer of Node can run without waking at once', async () => {
    const alarm = new Alarm()
    const sleep = alarm.sleep(Number.POSITIVE_INFINITY)
    expect(await Promise.race([sleep, new Promise((resolve) => setTimeout(resolve, 30, 'asleep'))])).toBe('asleep')
    alarm.ring()
    await sleep
  })
})
