import { Writable } from 'node:stream'
import pino from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { createLogger, transports } from 'winston'
import { silentLogger } from './logger.ts'
import { type LoggerLike, loggerOf } from './logger-of.ts'

/** The lines that are written to `stream`, as JSON. */
function collected() {
  const lines: Record<string, unknown>[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { lines, stream }
}

const FACTS = { jobId: 'j', error: 'RangeError: x', tookMs: 3 }

describe('loggerOf', () => {
  it('gives pino the fields first, and errors where it looks for them', () => {
    const { lines, stream } = collected()
    const logger = loggerOf(pino({ level: 'debug' }, stream))
    logger.child({ worker: 'w' }).error('Job failed', FACTS)
    logger.warn('by an error', { error: new TypeError('no') })
    logger.debug('no fields')
    expect(lines).toMatchObject([
      { level: 50, msg: 'Job failed', worker: 'w', ...FACTS },
      { level: 40, msg: 'by an error', err: { type: 'TypeError', message: 'no', stack: expect.any(String) } },
      { level: 20, msg: 'no fields' },
    ])
  })

  it('takes winston as it is', () => {
    const { lines, stream } = collected()
    const logger = loggerOf(createLogger({ level: 'debug', transports: [new transports.Stream({ stream })] }))
    logger.child({ worker: 'w' }).error('Job failed', FACTS)
    expect(lines).toMatchObject([{ level: 'error', message: 'Job failed', worker: 'w', ...FACTS }])
  })

  it('gives a logger without children some, such as console', () => {
    const info = vi.spyOn(console, 'info').mockReturnValue()
    try {
      const logger = loggerOf(console).child({ worker: 'w' })
      logger.child({ scheduler: 's' }).info('one\ntwo', { jobId: 'j' })
      loggerOf(console).info('alone')
      expect(info.mock.calls).toEqual([['one\\ntwo', { worker: 'w', scheduler: 's', jobId: 'j' }], ['alone']])
    } finally {
      info.mockRestore()
    }
  })

  it('keeps the silent logger, which costs nothing', () => {
    expect(loggerOf(silentLogger)).toBe(silentLogger)
  })

  it.each([null, () => {}, {}, { info() {} }, 'pino'])('refuses %s', (given) => {
    expect(() => loggerOf(given as unknown as LoggerLike)).toThrow(
      expect.objectContaining({ code: 'RQ_INVALID_OPTION', message: expect.stringContaining('Invalid logger') }),
    )
  })

  it('has a type that the compiler checks', () => {
    const typed = () => {
      for (const given of [console, pino(), createLogger()]) loggerOf(given)
      // @ts-expect-error it lacks levels
      loggerOf({ info() {} })
      // @ts-expect-error the fields come second
      loggerOf({ ...console, info: (_fields: { jobId: string }, _message: string) => {} })
    }
    expect(typed).toBeTypeOf('function')
  })
})
