import { describe, expect, test } from 'vitest'
import { checkHorseEnv, variablesOf } from './horse-env.ts'

describe('variablesOf', () => {
  const own = {
    PATH: '/bin',
    HOME: '/h',
    LANG: 'C',
    LC_ALL: 'C',
    TZ: 'UTC',
    NODE_ENV: 'test',
    NODE_OPTIONS: '--import tsx',
    RQ_REDIS_URL: 'redis://:canary@h',
    REDIS_PASSWORD: 'canary',
    AWS_SECRET_ACCESS_KEY: 'canary',
    PATHX: 'canary',
    LC_: 'canary',
    path: 'canary',
  }

  test('keeps what holds no secret when clean', () => {
    const { PATH, HOME, LANG, LC_ALL, TZ, NODE_ENV, NODE_OPTIONS } = own
    expect(variablesOf('clean', own)).toEqual({ PATH, HOME, LANG, LC_ALL, TZ, NODE_ENV, NODE_OPTIONS })
  })

  test('is exactly what an object says, and nothing of its own when it inherits', () => {
    expect(variablesOf({ A: '1' }, own)).toEqual({ A: '1' })
    expect(variablesOf({}, own)).toEqual({})
    expect(variablesOf('inherit', own)).toBeUndefined()
  })
})

describe('checkHorseEnv', () => {
  test.each([['cleaned'], [null], [['A']], [{ A: 1 }], [{ A: undefined }], [true]])('refuses %o', (value) => {
    expect(() => checkHorseEnv(value, 'horseEnv')).toThrow(/^Invalid horseEnv/)
  })

  test('shows no value', () => {
    expect(() => checkHorseEnv({ A: ['canary'] }, 'horseEnv')).toThrow(/^(?!.*canary).*the variable A is no string/)
  })
})
