/** Where time comes from. Tests pass a fake; leases and scores use Redis time instead. */
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
