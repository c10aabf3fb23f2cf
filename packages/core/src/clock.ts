/** The clock of this process. Tests pass a fake. Leases and scores use Redis's time instead. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  nowMs(): number
  /** Monotonic milliseconds from an arbitrary origin, for durations. Never jumps. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}
