import type { Clock, Logger, RqError } from '@rq/core'
import type { HorseSetup } from '../inside-horse/protocol.ts'
import type { WorkerLog } from '../worker-log.ts'
import { Horse } from './horse.ts'
import type { HorseOwner } from './horse-owner.ts'
import type { HorseExit, HorseStarter } from './horse-port.ts'
import { StartGuard } from './start-guard.ts'

/** How many horses to keep, and how many tasks run at once in each. */
export interface HorseCount {
  readonly size: number
  readonly slots: number
}

export interface HorseSetOptions extends HorseCount {
  readonly killable: boolean
  readonly start: HorseStarter
  readonly setup: Omit<HorseSetup, 'number'>
  readonly clock: Clock
  readonly log: WorkerLog
  readonly logger: Logger
  /** Whether {@link HorseSet.renew} is called when modules change. Default false. */
  readonly isWatching?: boolean
  /** Called when no horse can be started: nothing will run any more. Not while it is watching. */
  readonly onBroken: (error: RqError) => void
  /** Called when there are horses that must be checked. */
  readonly onStarted: () => void
}

/** The horses of a pool: keeps as many as are wanted, and replaces those that end. Their owner gives them tasks. */
export class HorseSet {
  readonly #options: HorseSetOptions
  readonly #owner: HorseOwner
  readonly #horses = new Set<Horse>()
  readonly #guard: StartGuard
  #size: number
  #slots: number
  #lastNumber = 0
  #fillTimer: NodeJS.Timeout | undefined
  #isClosing = false
  /** No horse can be started, until modules change. */
  #isWaitingForChange = false
  #onAllGone: (() => void)[] = []

  constructor(options: HorseSetOptions, owner: HorseOwner) {
    this.#options = options
    this.#owner = owner
    this.#size = options.size
    this.#slots = options.slots
    this.#guard = new StartGuard(options.clock, options.logger)
  }

  [Symbol.iterator](): Iterator<Horse> {
    return this.#horses.values()
  }

  get isEmpty(): boolean {
    return this.#horses.size === 0
  }

  /** How many tasks run at once in each horse. */
  get slots(): number {
    return this.#slots
  }

  /** Start horses until there are enough. */
  fill(): void {
    this.#fillTimer = undefined
    if (this.#isClosing || this.#isWaitingForChange) return
    const { clock, killable, onStarted, setup, start } = this.#options
    for (let missing = this.#size - this.#wanted().length; missing > 0; missing--) {
      const number = ++this.#lastNumber
      const options = { clock, killable, slots: this.#slots, start, setup: { ...setup, number } }
      this.#horses.add(new Horse(options, this.#owner))
    }
    onStarted()
  }

  fillSoon(): void {
    if (this.#isClosing) return
    const waitMs = this.#guard.waitMs()
    if (waitMs === 0) this.fill()
    else this.#fillTimer ??= setTimeout(() => this.fill(), waitMs)
  }

  /**
   * Keep another number of horses, or let another number of tasks run at once in each. Tasks that run end as they would
   * have ended; what has not begun in a horse that is one too many is taken back.
   */
  resize({ size, slots }: HorseCount): void {
    if (this.#isClosing) return
    this.#size = size
    if (slots !== this.#slots) {
      this.#slots = slots
      for (const horse of this.#horses) horse.resize(slots)
    }
    this.#dismissSurplus()
    this.#keepDismissed()
    this.fillSoon()
  }

  /** Replace all horses, since modules have changed: each when its running task has ended. */
  renew(): void {
    this.#isWaitingForChange = false
    this.#guard.reset()
    clearTimeout(this.#fillTimer)
    for (const horse of [...this.#horses]) horse.renew()
    this.fill()
  }

  /** A horse has finished a task, so starting works. */
  noteWorking(): void {
    this.#guard.reset()
  }

  /** A horse is gone. */
  remove(horse: Horse, exit: HorseExit, wasBusy: boolean): void {
    this.#horses.delete(horse)
    const failure = this.#isClosing ? undefined : this.#guard.check(horse, exit, wasBusy)
    if (failure !== undefined) this.#breakDown(failure)
    this.fillSoon()
    this.#noteAllGone()
  }

  /** Let every horse end by itself, for when nothing runs any more. Resolves when all are gone. */
  close(): Promise<void> {
    return this.#endAll((horse) => horse.retire())
  }

  /** Kill every horse. Resolves when all are gone. */
  killAll(): Promise<void> {
    return this.#endAll((horse) => horse.kill('shutdown'))
  }

  /** Those that take tasks or will, and that will be replaced when they end. */
  #wanted(): Horse[] {
    return [...this.#horses].filter(
      ({ isDismissed, state }) => !isDismissed && (state === 'starting' || state === 'ready'),
    )
  }

  /** Those that have the least to do go first, and of these the newest. */
  #dismissSurplus(): void {
    const wanted = this.#wanted()
    const surplus = wanted.length - this.#size
    if (surplus <= 0) return
    for (const horse of wanted
      .reverse()
      .sort((a, b) => workOf(a) - workOf(b))
      .slice(0, surplus))
      horse.dismiss()
  }

  /** Horses that were one too many and still run something are kept, rather than others started beside them. */
  #keepDismissed(): void {
    let missing = this.#size - this.#wanted().length
    for (const horse of this.#horses) if (missing > 0 && horse.keep()) missing--
  }

  #breakDown(failure: RqError): void {
    const { isWatching = false, logger, onBroken } = this.#options
    this.#isWaitingForChange = isWatching
    if (isWatching) logger.error(`${failure.message}. Waiting for a change of a module`)
    else onBroken(failure)
  }

  async #endAll(end: (horse: Horse) => void): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#fillTimer)
    const allGone = new Promise<void>((resolve) => {
      this.#onAllGone.push(resolve)
    })
    for (const horse of [...this.#horses]) end(horse)
    this.#options.onStarted()
    this.#noteAllGone()
    await allGone
  }

  #noteAllGone(): void {
    if (!this.#isClosing || this.#horses.size > 0) return
    for (const resolve of this.#onAllGone.splice(0)) resolve()
  }
}

function workOf({ load, state }: Horse): number {
  return state === 'starting' ? -1 : load
}
