import stringWidth from 'string-width'
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

describe('a table on a terminal', () => {
  const cells = (line = '') => line.split(/ {2,}/)

  test('cuts ids and names that are too long, each in its own column', () => {
    const [, row] = table(['ID', 'QUEUE', 'DESCRIPTION'], [['i'.repeat(60), 'q'.repeat(60), 'd'.repeat(60)]], 80)
    expect(cells(row)).toEqual([`${'i'.repeat(35)}…`, `${'q'.repeat(19)}…`, `${'d'.repeat(19)}…`])
    const [, whole] = table(['ID', 'D'], [['0b7e6f2e-1c7d-4f0e-9a55-3f1d7c0a9b11', 'uuid']], 80)
    expect(cells(whole)).toEqual(['0b7e6f2e-1c7d-4f0e-9a55-3f1d7c0a9b11', 'uuid'])
  })

  test('makes wide columns narrower to leave room for the last one', () => {
    const header = ['NAME', 'TIMES', 'NEXT', 'FUNCTION']
    const row = ['n'.repeat(36), '0 3 * * * Europe/Berlin', 'in 5 min', './jobs/billing#remind']
    const [, id] = table(header, [row], 80)
    expect(cells(id)).toEqual(['n'.repeat(36), '0 3 * * *…', 'in 5 min', './jobs/billing#remi…'])
    const [, name] = table(header, [row], 60, { narrowestFirst: 16 })
    expect(cells(name)).toEqual([`${'n'.repeat(15)}…`, '0 3 * * *…', 'in 5 min', './jobs/billing#remi…'])
    const wide = table(header, [['邮'.repeat(18), ...row.slice(1)], row], 60, { narrowestFirst: 16 })
    expect(wide.map((line) => stringWidth(line.slice(0, line.indexOf('0 3'))))).toEqual([expect.anything(), 18, 18])
    const [, whole] = table(header, [row], 200)
    expect(cells(whole)).toEqual([row[0], '0 3 * * * Europe/Be…', 'in 5 min', './jobs/billing#remind'])
  })

  test('is never wider than the terminal, whatever its cells hold', () => {
    for (const text of [
      'x'.repeat(90),
      '邮'.repeat(90),
      'e\u0301'.repeat(90),
      '👩‍👩‍👧'.repeat(90),
      '\x1b[2J'.repeat(90),
      '\u202e\n'.repeat(90),
    ]) {
      const lines = table(['ID', 'STATUS', 'QUEUE', 'WHEN', 'DESCRIPTION'], [[text, text, text, text, text]], 80)
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(80)
      expect(lines.join('')).not.toMatch(/[\p{Cc}\u202e]|[\ud800-\udbff](?![\udc00-\udfff])/u)
    }
  })

  test('splits no character that is written with several marks', () => {
    expect(table(['D'], [['e\u0301'.repeat(9)]], 5)[1]).toBe(`${'e\u0301'.repeat(4)}…`)
    expect(table(['D'], [['e\u0301'.repeat(5)]], 5)[1]).toBe('e\u0301'.repeat(5))
  })
})

describe('a table elsewhere', () => {
  test('keeps ids and names as they are, and the first 1000 characters of a text', () => {
    const [id, text] = ['i'.repeat(300), `${'x'.repeat(999)}😀 and more`]
    const [, row] = table(['ID', 'DESCRIPTION'], [[id, text]], Number.POSITIVE_INFINITY)
    expect(row).toBe(`${id}  ${'x'.repeat(999)}…`)
  })

  test('looks at no more of a very long text', () => {
    const huge = '邮\u0301'.repeat(5_000_000)
    const [, row] = table(['ID', 'DESCRIPTION'], [[huge, huge]], Number.POSITIVE_INFINITY)
    expect(row?.length).toBeLessThan(2100)
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
