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
  /** There are more horses than are wanted, since all are at work. */
  #hasSurplus = false
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

  /** Whether a horse has to end before any of them may get a task. */
  get hasSurplus(): boolean {
    return this.#hasSurplus
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
   * Keep another number of horses, or let another number of tasks run at once in each. Running tasks end as they would
   * have ended. While more horses are at work than are wanted, what they have not begun is taken back, and those that
   * have nothing more to do end.
   */
  resize({ size, slots }: HorseCount): void {
    if (this.#isClosing) return
    this.#size = size
    if (slots !== this.#slots) {
      this.#slots = slots
      for (const horse of this.#horses) horse.resize(slots)
    }
    this.#hasSurplus = true
    this.endSurplus()
    if (this.#hasSurplus) for (const horse of this.#horses) horse.takeBack()
    this.fillSoon()
  }

  /** End horses that have nothing to do, if there are more than are wanted. The newest go first. */
  endSurplus(): void {
    if (!this.#hasSurplus) return
    const wanted = this.#wanted()
    const idle = wanted.filter(({ load }) => load === 0).reverse()
    const surplus = wanted.length - this.#size
    for (const horse of [...idle.filter(isStarting), ...idle.filter((one) => !isStarting(one))].slice(
      0,
      Math.max(0, surplus),
    ))
      horse.retire()
    this.#hasSurplus = surplus > idle.length
  }

  /** Replace a horse by one that has run nothing, once its task has ended, unless there is or will be such a horse. */
  provideUnused(): void {
    const wanted = this.#wanted()
    if (wanted.length < this.#size || wanted.some((horse) => isStarting(horse) || horse.isUnused)) return
    wanted.sort((a, b) => a.load - b.load)[0]?.renew()
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
    return [...this.#horses].filter((horse) => isStarting(horse) || horse.state === 'ready')
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

function isStarting({ state }: Horse): boolean {
  return state === 'starting'
}
