import { sharedMs } from './orders.ts'

/**
 * Something that was done to somebody.
 * - `death`: a worker was killed.
 * - `horse`: a work horse was killed.
 * - `leave`: a worker was told to leave. Nothing may be lost by it.
 * - `stall`: a worker, or everybody, could do nothing, or reach Redis only slowly or not at all.
 */
export interface Trouble {
  readonly kind: 'death' | 'horse' | 'leave' | 'stall'
  /** Process id; 0 = everybody. */
  readonly pid: number
  readonly fromMs: number
  toMs: number
}

/** Notes what was done to whom and when, outside of Redis. */
export class Troubles {
  readonly list: Trouble[] = []

  note(kind: 'death' | 'horse' | 'leave', pid: number): void {
    const ms = sharedMs()
    this.list.push({ kind, pid, fromMs: ms, toMs: ms })
  }

  /** Returns what ends it. */
  stall(pid: number): () => void {
    const trouble: Trouble = { kind: 'stall', pid, fromMs: sharedMs(), toMs: Number.POSITIVE_INFINITY }
    this.list.push(trouble)
    return () => {
      trouble.toMs = sharedMs()
    }
  }
}
