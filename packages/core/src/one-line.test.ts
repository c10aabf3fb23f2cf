import { describe, expect, it } from 'vitest'
import { type Logger, silentLogger } from './logger.ts'
import { oneLine, oneLineLogger } from './one-line.ts'

describe('oneLine', () => {
  it('escapes what ends a line or moves a cursor, and nothing else', () => {
    expect(oneLine('größer ☃ 😀 日本 हिन्दी')).toBe('größer ☃ 😀 日本 हिन्दी')
    expect(oneLine('a\nb\r\tc\0\x1b[2J\x85\x9b\u202e\u2028\u2029\ufeff\ud800')).toBe(
      'a\\nb\\r\\tc\\x00\\x1b[2J\\x85\\x9b\\u202e\\u2028\\u2029\\ufeff\\ud800',
    )
  })
})

describe('oneLineLogger', () => {
  it('escapes messages, also of child loggers, and leaves fields alone', () => {
    const seen: unknown[] = []
    const write = (message: string, fields?: unknown) => seen.push([message, fields])
    const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
    const lines = oneLineLogger(logger)
    for (const level of ['debug', 'info', 'warn', 'error'] as const) lines.child({})[level]('a\nb', { error: 'c\nd' })
    expect(seen).toEqual(Array(4).fill(['a\\nb', { error: 'c\nd' }]))
  })

  it('stays silent for a silent logger', () => {
    expect(oneLineLogger(silentLogger)).toBe(silentLogger)
  })
})
