import { describe, expect, test } from 'vitest'
import { paintFor } from './paint.ts'
import { fenced, visible, visibleBlock, visibleJson } from './terminal-text.ts'

const HOSTILE = [
  '\x00',
  '\x07',
  '\x1b[2J',
  '\x1b]8;;http://evil\x07click\x1b]8;;\x07',
  '\x1b]52;c;aGk=\x07',
  '\x7f',
  '\x9b31m',
  '\u200f',
  '\u202e',
  '\u2066',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\r\x1b[K',
].join('')

/** Every byte that a terminal could take for anything but text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/

describe('visible', () => {
  test('escapes controls, bidi marks and separators, and nothing else', () => {
    expect(visible('größer ☃ 😀 日本')).toBe('größer ☃ 😀 日本')
    expect(visible('a\nb\r\tc')).toBe('a\\nb\\r\\tc')
    expect(visible('\x1b[2J\u202e\x9b')).toBe('\\x1b[2J\\u202e\\x9b')
    expect(visible(HOSTILE)).not.toMatch(CONTROL)
    expect(visible(HOSTILE)).not.toContain('\n')
  })
})

describe('visibleBlock', () => {
  test('keeps the lines of a stack', () => {
    expect(visibleBlock('Error: a\r\n\tat b\n  at c')).toBe('Error: a\n    at b\n  at c')
    expect(visibleBlock(HOSTILE)).not.toMatch(CONTROL)
  })
})

describe('visibleJson', () => {
  test('parses to the same value', () => {
    const json = JSON.stringify({ [HOSTILE]: [HOSTILE, '\n'] }, null, 2)
    expect(visibleJson(json)).not.toMatch(CONTROL)
    expect(JSON.parse(visibleJson(json))).toEqual(JSON.parse(json))
  })
})

describe('fenced', () => {
  test('keeps our own colours only', () => {
    const paint = paintFor(true)
    const line = `${paint.red('a')} ${paint.bold(paint.green('b'))} ${paint.dim('c')}`
    expect(fenced(line)).toBe(line)
    expect(fenced(`${line}${HOSTILE}`).replace(line, '')).not.toMatch(CONTROL)
    expect(fenced('\x1b[8mhidden\x1b[5m')).toBe('\\x1b[8mhidden\\x1b[5m')
  })
})
