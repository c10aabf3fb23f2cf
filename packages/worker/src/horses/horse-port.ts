import type { FromHorse, ToHorse } from '../inside-horse/protocol.ts'

/** How a horse came to its end. */
export interface HorseExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not even be started. */
  readonly cause?: Error
}

/** What a horse tells its owner. After `onExit` nothing more comes. */
export interface HorseListener {
  onMessage(message: FromHorse): void
  onExit(exit: HorseExit): void
}

/** The worker's end of one horse, whatever it is made of. */
export interface HorsePort {
  /** Of a process horse. */
  readonly pid: number | undefined
  /** Never throws; what is sent to a horse that is gone is lost, and `onExit` tells. */
  send(message: ToHorse): void
  /** End it at once, whatever it is doing, with the processes it has started. */
  kill(): void
}

/** Starts a horse. Never throws: a failure comes as `onExit`. */
export type HorseStarter = (listener: HorseListener) => HorsePort
