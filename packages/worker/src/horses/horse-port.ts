import type { FromHorse, ToHorse } from '../inside-horse/protocol.ts'

/** How a horse ended. */
export interface HorseExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why the horse could not be started. */
  readonly cause?: Error
}

/** Receives the messages of a horse. `onExit` is the last call. */
export interface HorseListener {
  /** The message has the shape that its type says. Must not throw. */
  onMessage(message: FromHorse): void
  /** What came is no message. Must not throw. */
  onInvalid(error: unknown): void
  onExit(exit: HorseExit): void
}

/** The worker's end of the channel to one horse: a process, a thread, or its own event loop. */
export interface HorsePort {
  /** The process id of a process horse, else undefined. */
  readonly pid: number | undefined
  /**
   * Whether messages of the horse wait unread because the worker has too much to store. What it does now is not known
   * then, and its time limits wait. Absent: never.
   */
  readonly isBehind?: boolean
  /** Send a message. Never throws: a message to a horse that is gone is lost, and `onExit` reports that. */
  send(message: ToHorse): void
  /** End the horse at once, whatever it is doing, and the processes that it has started. */
  kill(): void
}

/**
 * Starts a horse in which `slots` tasks run at once: 1 in a process or thread. Never throws: `onExit` reports a
 * failure.
 */
export type HorseStarter = (listener: HorseListener, slots: number) => HorsePort
