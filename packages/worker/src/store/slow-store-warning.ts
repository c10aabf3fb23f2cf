import { type Logger, SECOND_MS } from '@rq/core'

const SLOW_MS = 5 * SECOND_MS

/**
 * Wait for the answer of a store, and log when it takes long: a client that reconnects forever never rejects, so
 * nothing else would show that the store is unreachable.
 */
export async function warnIfSlow<T>(answer: Promise<T>, logger: Logger): Promise<T> {
  let isSlow = false
  const timer = setTimeout(() => {
    isSlow = true
    logger.warn('The store has not answered for 5 s; still waiting')
  }, SLOW_MS)
  timer.unref()
  try {
    return await answer
  } finally {
    clearTimeout(timer)
    if (isSlow) logger.info('The store answers again')
  }
}
