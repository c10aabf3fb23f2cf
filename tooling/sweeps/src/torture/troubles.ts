import { sharedMs } from './orders.ts'

/**
 * A fault that hit a process.
 * - `death`: a worker was killed.
 * - `horse`: a work horse was killed.
 * - `leave`: a worker was asked to leave. It may lose nothing.
 * - `stall`: a worker, or every process, was frozen, or could reach Redis only slowly or not at all.
 */
export interface Trouble {
  readonly kind: 'death' | 'horse' | 'leave' | 'stall'
  /** Process id; 0 = all processes. */
  readonly pid: number
  readonly fromMs: number
  toMs: number
}

/** Records, outside of Redis, which fault hit which process and when. */
export class Troubles {
  readonly list: Trouble[] = []

  note(kind: 'death' | 'horse' | 'leave', pid: number): void {
    const ms = sharedMs()
    this.list.push({ kind, pid, fromMs: ms, toMs: ms })
  }

  /** Returns a function that ends the fault. */
  stall(pid: number): () => void {
    const trouble: Trouble = { kind: 'stall', pid, fromMs: sharedMs(), toMs: Number.POSITIVE_INFINITY }
    this.list.push(trouble)
    return () => {
      trouble.toMs = sharedMs()
    }
  }
}
