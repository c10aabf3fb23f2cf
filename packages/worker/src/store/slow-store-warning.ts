import { type Logger, SECOND_MS } from '@rq/core'

const SILENT_MS = 5 * SECOND_MS

/**
 * The answer of a store, and a line in the log when it is long in coming: a client that reconnects for ever fails no
 * call, so nothing else would tell that the store is away.
 */
export async function noticed<T>(answer: Promise<T>, logger: Logger): Promise<T> {
  let isSilent = false
  const timer = setTimeout(() => {
    isSilent = true
    logger.warn('The store has not answered for 5 s; waiting until it does')
  }, SILENT_MS)
  timer.unref()
  try {
    return await answer
  } finally {
    clearTimeout(timer)
    if (isSilent) logger.info('The store answers again')
  }
}
