import { describe, expect, it, vi } from 'vitest'
import { silentLogger } from './logger.ts'

describe('silentLogger', () => {
  it('writes nothing, and neither do its children', () => {
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      for (const logger of [silentLogger, silentLogger.child({ jobId: 'a' }).child({})]) {
        for (const level of ['debug', 'info', 'warn', 'error'] as const) {
          expect(logger[level]('message', { error: new Error('no') })).toBeUndefined()
        }
      }
      expect(stdout).not.toHaveBeenCalled()
      expect(stderr).not.toHaveBeenCalled()
    } finally {
      vi.restoreAllMocks()
    }
  })
})
