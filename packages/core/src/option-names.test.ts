import { describe, expect, it } from 'vitest'
import { checkOptionNames } from './option-names.ts'

const KNOWN = { timeout: true, atFront: true }

function refusal(options: unknown, hints?: Record<string, string>): unknown {
  try {
    return checkOptionNames(options, KNOWN, 'Thing', hints)
  } catch (error) {
    return error
  }
}

describe('checkOptionNames', () => {
  it.each([[undefined], [{}], [{ timeout: 1, atFront: undefined }], [Object.create({ inherited: 1 })]])(
    'case %#: returns options with known names',
    (options) => {
      expect(refusal(options)).toBe(options)
    },
  )

  it.each([
    [{ timout: 1 }, `Invalid option name of Thing: got "timout", expected 'timeout'.`],
    [{ at_front: true }, `got "at_front", expected 'atFront'.`],
    [{ constructor: 1 }, `got "constructor", expected one of timeout, atFront.`],
    [{ other: undefined }, `got "other", expected one of timeout, atFront.`],
    [null, 'Invalid options of Thing: got null, expected an object with one of timeout, atFront.'],
    ['redis://ann:canary@h', 'got "redis://***@h", expected an object'],
    [[1], 'got an array of 1'],
  ])('case %#: refuses others, with the name that was probably meant', (options, text) => {
    expect(refusal(options)).toMatchObject({ code: 'RQ_INVALID_OPTION', message: expect.stringContaining(text) })
  })

  it('prefers a hint', () => {
    expect(refusal({ more: 1, host: 'h' }, { host: 'an address' })).toMatchObject({
      message: 'Invalid option name of Thing: got "host", expected an address.',
    })
  })
})
