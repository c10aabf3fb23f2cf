import { describe, expect, test } from 'vitest'
import { facts, table } from './table.ts'

describe('table', () => {
  test('aligns columns, makes cells harmless, and cuts lines at the width', () => {
    const rows = [
      ['a', 'long cell', 'x\ny\x1b'],
      ['bbb', '', 'a very long description'],
    ]
    expect(table(['ID', 'TWO', 'THREE'], rows, 30)).toEqual([
      'ID   TWO        THREE',
      'a    long cell  x\\ny\\x1b',
      'bbb             a very long d…',
    ])
    expect(table(['A'], [], 30)).toEqual(['A'])
  })
})

describe('facts', () => {
  test('aligns values, and indents those of several lines', () => {
    expect(
      facts([
        ['A', '1'],
        ['Longer', 'x\ny'],
        ['B', ''],
      ]),
    ).toBe('A       1\nLonger\n    x\n    y\nB')
  })
})
