import { pause, SECOND_MS } from '@rq/core'

/** The worker, or the cron scheduler, that has a name already. */
export interface NameHolder {
  /** Changes with each of its heartbeats; undefined if that cannot be known, for a worker of another program. */
  readonly lastBeat: string | undefined
  /** How long until the name is free if no more heartbeats come, in milliseconds. */
  readonly freeInMs: number
}

export interface NameWaitOptions {
  /** Registers the caller under the name. Returns who has it; undefined when the caller has, or leaves first. */
  readonly register: () => Promise<NameHolder | undefined>
  /** Called once, before the first wait, with the seconds until a holder without heartbeats counts as dead. */
  readonly onWait: (waitS: number) => void
  /**
   * The error when the holder lives. `waitS`: the seconds until its record expires, when only that can show that it is
   * dead.
   */
  readonly taken: (waitS?: number) => Error
  /** Ends the wait. */
  readonly signal: AbortSignal
}

const LOOK_EVERY_MS = SECOND_MS

/**
 * Register under a name. If another one has it, wait until the name is free or a heartbeat shows that the other one
 * lives: what was killed may be started again at once, under its own name.
 * @throws the error of `taken`, and what `register` throws.
 */
export async function waitForName({ onWait, register, signal, taken }: NameWaitOptions): Promise<void> {
  let first: NameHolder | undefined
  while (!signal.aborted) {
    const holder = await register()
    if (holder === undefined) return
    const waitS = Math.ceil(holder.freeInMs / SECOND_MS)
    if (holder.lastBeat === undefined) throw taken(waitS)
    if (first === undefined) onWait(waitS)
    else if (first.lastBeat !== holder.lastBeat) throw taken()
    first = holder
    await pause(Math.min(LOOK_EVERY_MS, holder.freeInMs + 1), signal)
  }
}
