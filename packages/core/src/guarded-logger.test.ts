import { describe, expect, it, vi } from 'vitest'
import { silentLogger } from './logger.ts'
import { type LoggerLike, loggerOf } from './logger-of.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
const fail = (): never => {
  throw new Error('disk full')
}

describe('a logger that fails', () => {
  it('loses its lines, throws nothing, and is reported once by the process', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue()
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      const throws = { debug: fail, info: fail, warn: fail, error: fail, child: fail }
      const rejects = async () => fail()
      const later = { debug: rejects, info: rejects, warn: rejects, error: rejects } as unknown as LoggerLike
      for (const logger of [loggerOf(throws), loggerOf(throws).child({ a: 1 }), loggerOf(later)])
        for (const level of LEVELS) expect(logger[level]('line', { jobId: 'j' })).toBeUndefined()
      // Node.js reports unhandled rejections after the promise jobs of a turn.
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).not.toHaveBeenCalled()
      expect(warn.mock.calls).toEqual([
        [expect.stringContaining('lines are missing: disk full'), { type: 'RqLoggerWarning', code: 'RQ_LOGGER' }],
      ])
    } finally {
      process.off('unhandledRejection', unhandled)
      warn.mockRestore()
    }
  })

  it('is called with what it was given before', () => {
    const lines: unknown[][] = []
    const write = (...line: unknown[]) => void lines.push(line)
    const logger = loggerOf({ debug: write, info: write, warn: write, error: write })
    logger.child({ worker: 'w' }).info('line', { jobId: 'j' })
    logger.warn('alone')
    expect(lines).toEqual([['line', { worker: 'w', jobId: 'j' }], ['alone']])
    expect(loggerOf(silentLogger)).toBe(silentLogger)
  })
})
