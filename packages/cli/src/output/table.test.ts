import { describe, expect, test } from 'vitest'
import { facts, table } from './table.ts'

describe('table', () => {
  test('aligns columns, escapes control characters, and cuts lines at the width', () => {
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

  test('counts the columns of wide characters, of joined ones, and of marks', () => {
    const rows = [
      ['邮件', 'mail'],
      ['👩‍👩‍👧', 'family'],
      ['e\u0301te', 'summer'],
      ['mail', 'a'],
    ]
    expect(table(['Q', 'D'], rows, 30)).toEqual([
      'Q     D',
      '邮件  mail',
      '👩‍👩‍👧    family',
      'e\u0301te   summer',
      'mail  a',
    ])
    expect(table(['Q'], [['邮件邮件'], ['👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧'], ['abcdefgh']], 6)).toEqual([
      'Q',
      '邮件…',
      '👩‍👩‍👧👩‍👩‍👧…',
      'abcde…',
    ])
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
