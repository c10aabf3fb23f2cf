import { expect, it } from 'vitest'
import { snapshot } from '../src/snapshot.ts'

it('snapshot refuses an array that is too long to copy before it fills the memory', () => {
  expect(() => snapshot(new Array(1_000_000_000), 'rich')).toThrow(
    'the value as a whole holds more than 5000000 values',
  )
})
