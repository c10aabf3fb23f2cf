import { type Clock, systemClock } from '@rq/core'
import type { Worker } from './worker.ts'

/** SIGHUP comes when the terminal is closed. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** Ctrl-C and impatient supervisors send the same signal twice. Ignore a repeat within this time. */
const REPEAT_MS = 1000

/**
 * Stop a worker on SIGINT, SIGTERM and SIGHUP. The first signal lets running jobs finish; a second one, at least a
 * second later, kills them and returns them to their queues. Returns a function that removes the handlers.
 */
export function handleSignals(worker: Pick<Worker, 'stop'>, clock: Clock = systemClock): () => void {
  let firstMs: number | undefined
  const onSignal = () => {
    const nowMs = clock.monotonicMs()
    if (firstMs === undefined) {
      firstMs = nowMs
      void worker.stop()
    } else if (nowMs - firstMs >= REPEAT_MS) void worker.stop({ force: true })
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
