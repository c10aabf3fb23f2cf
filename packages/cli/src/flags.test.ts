import { booleanOption, choiceOption, countOption, secondsOption, stringOption, stringsOption } from '@rq/core'
import { describe, expect, test } from 'vitest'
import { UsageError } from './exit-code.ts'
import { flagNames, flagsOf, optionsFrom } from './flags.ts'

const TABLE = {
  burst: booleanOption({ default: false, flag: 'burst', letter: 'b', help: 'Exit' }),
  logDescription: booleanOption({ default: true, flag: 'no-descriptions', help: 'Log ids only' }),
  concurrency: countOption({ least: 1, default: 1, flag: 'concurrency', help: 'At once' }),
  horse: choiceOption(['process', 'thread'], { default: 'process', flag: 'horse', help: 'Where' }),
  ttl: secondsOption({ default: 420, flag: 'ttl', help: 'How long' }),
  name: stringOption({ defaultText: 'random', flag: 'name', valueName: 'name', help: 'Name' }),
  allow: stringsOption({ default: [], flag: 'allow', help: 'Packages' }),
  leaseMs: countOption({ least: 100, default: 15_000 }),
}

describe('flagsOf', () => {
  test('makes a flag of each option that has one', () => {
    expect(flagsOf(TABLE)).toMatchObject({
      burst: { type: 'boolean', alias: 'b', describe: 'Exit' },
      'no-descriptions': { type: 'boolean' },
      concurrency: { type: 'string', requiresArg: true, valueName: 'n', defaultDescription: '1' },
      horse: { choices: ['process', 'thread'], defaultDescription: 'process' },
      ttl: { valueName: 'time', defaultDescription: '420 s' },
      name: { valueName: 'name', defaultDescription: 'random' },
      allow: { type: 'string', array: true },
    })
    expect(flagsOf(TABLE)).not.toHaveProperty('lease-ms')
    expect(flagsOf(TABLE).allow).not.toHaveProperty('defaultDescription')
  })
})

describe('flagNames', () => {
  test('has the flags by the names of the options', () => {
    expect(flagNames(TABLE)).toMatchObject({ logDescription: '--no-descriptions', ttl: '--ttl' })
    expect(flagNames(TABLE)).not.toHaveProperty('leaseMs')
  })
})

describe('optionsFrom', () => {
  test('gives the options that were set, and turns a default of true around', () => {
    expect(optionsFrom(TABLE, { burst: undefined, queue: 'low' })).toEqual({})
    const flags = { burst: true, 'no-descriptions': true, concurrency: '4', horse: 'thread', ttl: '5m', allow: ['a'] }
    expect(optionsFrom(TABLE, flags)).toEqual({
      burst: true,
      logDescription: false,
      concurrency: 4,
      horse: 'thread',
      ttl: '5m',
      allow: ['a'],
    })
    expect(optionsFrom(TABLE, { burst: false, 'no-descriptions': false })).toEqual({
      burst: false,
      logDescription: true,
    })
  })

  test.each([
    [{ concurrency: 'two' }, 'Invalid --concurrency: got "two", expected a whole number of at least 1.'],
    [{ concurrency: '0' }, 'Invalid --concurrency: got 0, expected a whole number of at least 1.'],
    [{ ttl: 'soon' }, `Invalid --ttl: got "soon", expected seconds: '90', '100ms', '10s', '5m', '1h30m', '2d'.`],
  ])('refuses %j, naming the flag', (flags, message) => {
    expect(() => optionsFrom(TABLE, flags)).toThrow(new UsageError(message))
  })
})
