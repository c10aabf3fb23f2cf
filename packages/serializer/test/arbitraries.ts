import fc from 'fast-check'

/** Any character but a lone surrogate. The unit `binary` of fast-check takes seconds to set up. */
const unit = fc.integer({ min: 0, max: 0x10f7ff }).map((n) => String.fromCodePoint(n < 0xd800 ? n : n + 0x800))
const text = fc.string({ unit })

/** Keys that mean something to JavaScript or to superjson, and ordinary ones. */
const key = fc.oneof(
  text,
  fc.constantFrom('', '.', 'a.b', '\\', 'a\\.b', '0', 'json', 'meta', 'v', 'values', 'length', 'toJSON', 'then'),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'),
)

const leaf = fc.oneof(
  text,
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.constantFrom(/a/, /[/\\]+\/$/giu, /(?:)/s),
  fc.webUrl().map((url) => new URL(url)),
  fc.uint8Array(),
  fc.uint8Array().map((array) => Buffer.from(array)),
  fc.uint8Array().map((array) => array.buffer),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
)

/** Any tree of values that superjson has to restore as it was. */
export const richValue = fc.letrec<{ value: unknown }>((tie) => {
  const value = tie('value')
  return {
    value: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(value),
      fc.dictionary(key, value, { noNullPrototype: true }),
      fc.array(fc.tuple(value, value)).map((entries) => new Map(entries)),
      fc.array(value).map((items) => new Set(items)),
    ),
  }
}).value

/**
 * Anything JSON can write, with its own keys of any name. Made by JSON itself: -0, say, is a number that JSON cannot
 * write.
 */
export const plainValue = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ stringUnit: unit }),
      fc.array(tie('value')),
      fc.dictionary(key, tie('value')),
    ),
  }))
  .value.map((value): unknown => JSON.parse(JSON.stringify(value)))
