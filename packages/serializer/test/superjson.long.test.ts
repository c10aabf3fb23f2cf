import { describe, expect, it } from 'vitest'
import { superjsonSerializer } from '../src/superjson.ts'
import { returnsRichValues, survivesAnnotations } from './random.ts'

describe('superjsonSerializer', () => {
  it('reads every rich value as it was written', () => returnsRichValues(200))

  it('survives any annotations on any data', () => survivesAnnotations(1000))

  it('refuses a value whose JSON is longer than a string can be', () => {
    const chunk = 'x'.repeat(2 ** 28)
    expect(() => superjsonSerializer.dumps([chunk, chunk])).toThrow('too large to be written as one string')
  })
})
