import { describe, expect, it } from 'vitest'
import {
  booleanOption,
  bytesOption,
  choiceOption,
  countOption,
  millisecondsOption,
  type OptionRule,
  oneOf,
  secondsOption,
  stringOption,
  stringsOption,
  valueOption,
} from './option.ts'

describe('the rules of options', () => {
  it.each<[OptionRule, unknown, unknown]>([
    [booleanOption(), true, true],
    [countOption({ least: 1 }), 7, 7],
    [bytesOption(), 1000, 1000],
    [bytesOption(), '1000', 1000],
    [bytesOption(), '512mb', 512 * 1024 ** 2],
    [bytesOption(), '2 GB', 2 * 1024 ** 3],
    [choiceOption(['a', 'b']), 'b', 'b'],
    [secondsOption({}), '15', 15],
    [secondsOption({}), 1.5, 2],
    [secondsOption({ isUnlimited: true }), '-1', -1],
    [millisecondsOption({}), 1.5, 1500],
    [stringOption(), '', ''],
    [stringOption({ check: () => 'checked' }), 7, 'checked'],
    [stringsOption(), ['a'], ['a']],
    [valueOption((value) => [value]), 7, [7]],
  ])('case %#: a right value is returned in the unit in which it is used', (rule, value, checked) => {
    expect(rule.check(value, 'option')).toEqual(checked)
  })

  it.each<[OptionRule, unknown, string]>([
    [booleanOption(), 1, 'true or false'],
    [countOption({ least: 1 }), 0, 'a whole number of at least 1.'],
    [countOption({ least: 1, most: 9 }), 10, 'a whole number of at least 1 and at most 9.'],
    [countOption({ least: 0 }), '3', 'a whole number of at least 0.'],
    [countOption({ least: 0 }), 1.5, 'a whole number of at least 0.'],
    [bytesOption(), -1, 'a number of bytes'],
    [bytesOption(), '', 'a number of bytes'],
    [bytesOption(), '1.5gb', 'a number of bytes'],
    [bytesOption(), '5 apples', 'a number of bytes'],
    [choiceOption(['a', 'b', 'c']), 'd', "'a', 'b' or 'c'."],
    [choiceOption(['a']), 'd', "'a'."],
    [secondsOption({}), 'soon', 'seconds as a number'],
    [secondsOption({}), -1, 'seconds as a number'],
    [secondsOption({ isPositive: true }), 0, 'more than 0 seconds.'],
    [millisecondsOption({ isPositive: true }), 0, 'more than 0 seconds.'],
    [stringOption(), 7, 'a string.'],
    [stringsOption(), 'a', 'an array of strings.'],
    [stringsOption(), [1], 'an array of strings.'],
  ])('case %#: a wrong value is refused, naming the option', (rule, value, expected) => {
    expect(() => rule.check(value, 'my option')).toThrow(
      expect.objectContaining({
        code: 'RQ_INVALID_OPTION',
        details: { option: 'my option' },
        message: expect.stringContaining(`, expected ${expected}`),
      }),
    )
  })

  it('keep their descriptions', () => {
    const description = { default: 5, flag: 'size', letter: 's', help: 'Size', defaultText: 'five' }
    expect(countOption({ least: 1, ...description })).toMatchObject({ kind: 'count', ...description })
    expect(choiceOption(['a', 'b'], { default: 'a' })).toMatchObject({ choices: ['a', 'b'], default: 'a' })
  })
})

describe('oneOf', () => {
  it('returns the string that the value is, and refuses any other value with the list', () => {
    const letters = ['a', 'b'] as const
    expect(oneOf('letter', 'b', letters)).toBe('b')
    for (const value of ['c', 'A', ['a'], undefined, { toString: () => 'a' }]) {
      expect(() => oneOf('letter', value, letters)).toThrow(
        expect.objectContaining({
          code: 'RQ_INVALID_OPTION',
          message: expect.stringContaining("expected 'a' or 'b'."),
        }),
      )
    }
  })
})
