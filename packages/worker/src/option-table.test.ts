import type { OptionTable } from '@rq/core'
import { describe, expect, test } from 'vitest'
import { POOL_OPTIONS, WORK_OPTIONS, WORKER_OPTIONS } from './option-table.ts'

const ALL: OptionTable = { ...WORKER_OPTIONS, ...WORK_OPTIONS, ...POOL_OPTIONS }

describe('the options of workers', () => {
  test.each(Object.entries(ALL))('%s has a default that it accepts', (name, rule) => {
    if (rule.default === undefined) expect(rule.defaultText).toBeTypeOf('string')
    else expect(() => rule.check(rule.default, name)).not.toThrow()
  })

  test('have one flag each, with a line of help', () => {
    const flags = Object.values(ALL).flatMap(({ flag }) => flag ?? [])
    expect(new Set(flags).size).toBe(flags.length)
    for (const { flag, help } of Object.values(ALL)) expect(help === undefined).toBe(flag === undefined)
  })

  test('refuse what is wrong', () => {
    expect(() => WORK_OPTIONS.dequeueStrategy.check('fifo', 'dequeueStrategy')).toThrow(
      "Invalid dequeueStrategy: got \"fifo\", expected 'default', 'round_robin' or 'random'.",
    )
    expect(() => WORKER_OPTIONS.concurrency.check(1001, 'concurrency')).toThrow(/at most 1000/)
    expect(() => WORKER_OPTIONS.exceptionHandlers.check('./errors#report', 'exceptionHandlers')).toThrow(
      /exceptionHandlers: .* functions and references to functions/,
    )
  })
})
