import { type Clock, systemClock } from '@rq/core'
import type { Worker } from './worker.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** Ctrl-C and impatient supervisors send the same signal twice; that is no second wish. */
const SAME_WISH_MS = 1000

/**
 * The first SIGINT or SIGTERM lets running jobs end, a second one at least a second later kills them and their jobs go
 * back. Returns what takes the handlers off again.
 */
export function handleSignals(worker: Pick<Worker, 'stop'>, clock: Clock = systemClock): () => void {
  let firstMs: number | undefined
  const onSignal = () => {
    const nowMs = clock.monotonicMs()
    if (firstMs === undefined) {
      firstMs = nowMs
      void worker.stop()
    } else if (nowMs - firstMs >= SAME_WISH_MS) void worker.stop({ force: true })
  }
  for (const signal of SIGNALS) process.on(signal, onSignal)
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal)
  }
}
