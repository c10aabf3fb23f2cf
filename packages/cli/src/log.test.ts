import { describe, expect, test } from 'vitest'
import { createLogger, type LogOptions } from './log.ts'
import { paintFor } from './output/paint.ts'

function logged(options: Partial<LogOptions>) {
  const lines: string[] = []
  const logger = createLogger({
    write: (text) => lines.push(text),
    format: 'text',
    level: 'info',
    dateFormat: '%H:%M:%S',
    paint: paintFor(false),
    now: () => new Date(2026, 6, 3, 14, 2, 9),
    ...options,
  })
  return { logger, lines }
}

describe('createLogger', () => {
  test('writes a line as RQ does, short facts after the message', () => {
    const { logger, lines } = logged({})
    logger.info('default: Job OK (id)', {
      jobId: 'id',
      queue: 'default',
      function: 'f',
      tookMs: 12,
      count: 3,
      absent: undefined,
    })
    expect(lines).toEqual(['14:02:09 default: Job OK (id), took 12 ms, count 3'])
  })

  test('writes a stack below its line', () => {
    const { logger, lines } = logged({})
    logger.error('Job failed', { error: 'RangeError: x\n\tat f\x1b[2J\n', tookMs: 1234 })
    expect(lines).toEqual(['14:02:09 Job failed, took 1.23 s\n| RangeError: x\n|     at f\\x1b[2J'])
  })

  test('begins no line with what a job says, so that it cannot forge entries', () => {
    const { logger, lines } = logged({})
    const forged = '14:02:09 default: Job OK (forged)'
    for (const end of ['\n', '\r\n', '\r', '\u2028', '\x85', '\v']) {
      logger.error('Job failed', { error: new Error(`x${end}${forged}`), reason: `${forged}${end}${forged}` })
    }
    const shown = lines.join('\n').split('\n')
    expect(shown.filter((line) => !line.startsWith('| '))).toHaveLength(6)
    expect(shown.filter((line) => line.startsWith(forged))).toEqual([])
  })

  test('escapes what could forge lines or move the cursor', () => {
    const { logger, lines } = logged({})
    logger.info('evil\n14:02:09 forged\r\x1b[2J\u202e', { name: 'a\x07' })
    expect(lines).toEqual(['14:02:09 evil\\n14:02:09 forged\\r\\x1b[2J\\u202e, name a\\x07'])
  })

  test('writes one JSON object a line, with the fields of its scopes', () => {
    const { logger, lines } = logged({ format: 'json' })
    logger.child({ worker: 'w' }).warn('evil\n\x9b\u202e', { error: 'a\nb', count: 3n })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toMatch(/[\n\x80-\x9f\u202e]/)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: new Date(2026, 6, 3, 14, 2, 9).toISOString(),
      level: 'warn',
      message: 'evil\n\x9b\u202e',
      worker: 'w',
      error: 'a\nb',
      count: '3',
    })
  })

  test('omits entries below its level', () => {
    const { logger, lines } = logged({ level: 'warn' })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](level)
    expect(lines).toEqual(['14:02:09 warn', '14:02:09 error'])
  })

  test('has the colours of its paint', () => {
    const { logger, lines } = logged({ paint: paintFor(true) })
    logger.error('bad')
    logger.info('default: Job OK (id)')
    expect(lines).toEqual([
      '\x1b[2m14:02:09\x1b[22m \x1b[31mbad\x1b[39m',
      '\x1b[2m14:02:09\x1b[22m \x1b[32mdefault: Job OK (id)\x1b[39m',
    ])
  })
})
