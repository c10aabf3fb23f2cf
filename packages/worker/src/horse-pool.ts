import { type Clock, type Logger, RqError } from '@rq/core'
import type { Claimed } from '@rq/job'
import { Backoff } from './backoff.ts'
import type { AbortReason, HorseSetup, Task, TaskEnd } from './horse/protocol.ts'
import { Horse, type HorseCall, type HorseOwner, type KillCause, type KilledTask } from './horse.ts'
import type { HorseExit, HorseStarter } from './horse-port.ts'
import { Prefetch, type PrefetchOptions } from './prefetch.ts'

/** How a task ended: as its horse told, with its horse, or before it began. */
export type TaskFate =
  | { readonly kind: 'ended'; readonly end: TaskEnd; readonly aborted: AbortReason | undefined }
  | { readonly kind: 'killed'; readonly killed: KilledTask }
  | { readonly kind: 'dropped'; readonly reason: AbortReason }

export interface HorseFacts {
  readonly number: number
  readonly pid?: number
}

/** Who owns the horses. */
export interface PoolOwner {
  /** There may be room for more. */
  onRoom(): void
  onBegin(task: Task): void
  onFate(task: Task, fate: TaskFate): void
  /** Jobs that no horse has begun or will begin: they should go back to their queues. In order. */
  onReturned(ids: readonly string[]): void
  /** No horse can be started; nothing will run any more. */
  onBroken(error: RqError): void
  /** What a horse asks of the store. */
  onCall(horse: Horse, call: HorseCall): void
  onHorseStarted(facts: HorseFacts): void
  onHorseEnded(facts: HorseFacts, exit: HorseExit): void
}

export interface PoolOptions {
  /** Horses. */
  readonly size: number
  /** Tasks at once in each. */
  readonly lanes: number
  readonly killable: boolean
  readonly start: HorseStarter
  readonly setup: Omit<HorseSetup, 'number'>
  readonly prefetch: PrefetchOptions
  /** Replace a horse after this many jobs; 0 = never. */
  readonly horseMaxJobs: number
  /** Replace a horse that holds more than this many bytes after a job; 0 = never. */
  readonly horseMaxBytes: number
  readonly clock: Clock
  readonly logger: Logger
}

const CHECK_EVERY_MS = 50
/** A job that no horse could take for so long goes back. */
const WAIT_MS = 1000
/** A horse that ends by itself within this time without a job counts as one that could not be started. */
const YOUNG_MS = 5000
const MOST_START_FAILURES = 5

interface Waiting {
  readonly task: Task
  readonly sinceMs: number
}

/**
 * The worker's horses: hands tasks to the one with the least to do, replaces those that end, and passes on what they
 * tell. A task handed in ends in exactly one `onFate` or `onReturned`. Callback tasks go before jobs and are never
 * returned.
 */
export class HorsePool {
  readonly #options: PoolOptions
  readonly #owner: PoolOwner
  readonly #horses = new Set<Horse>()
  readonly #prefetch: Prefetch
  readonly #starts = new Backoff({ firstMs: 100, mostMs: 5000 })
  readonly #attended = new Map<string, (fate: TaskFate) => void>()
  /** Jobs that must not run, handed over but not begun. */
  readonly #dropped = new Map<string, AbortReason>()
  #waiting: Waiting[] = []
  #numbers = 0
  #failedMs = 0
  #fillTimer: NodeJS.Timeout | undefined
  #checkTimer: NodeJS.Timeout | undefined
  #drained = false
  #closing = false
  #allGone: () => void = () => {}

  constructor(options: PoolOptions, owner: PoolOwner) {
    this.#options = options
    this.#owner = owner
    this.#prefetch = new Prefetch(options.prefetch)
  }

  /** Start all horses, ahead of the first job. */
  start(): void {
    this.#fill()
  }

  /** How many more jobs could be handed over now. */
  room(): number {
    if (this.#drained || this.#waiting.length > 0) return 0
    let room = 0
    for (const horse of this.#horses) room += horse.room(this.#prefetch.depth)
    return room
  }

  /** Whether every horse has at least half of what may be handed ahead still to do, which is a matter of milliseconds. */
  isFed(): boolean {
    const { depth } = this.#prefetch
    if (depth < 2 || this.#drained) return false
    const enough = this.#options.lanes + depth / 2
    for (const horse of this.#horses) if (horse.state === 'ready' && horse.load < enough) return false
    return this.#horses.size > 0
  }

  /** Hand over jobs, in order. */
  assign(claimed: readonly Claimed[]): void {
    const sinceMs = this.#options.clock.monotonicMs()
    for (const { executionId, job } of claimed) {
      this.#waiting.push({ task: { kind: 'job', id: executionId, record: job }, sinceMs })
    }
    this.#handOut()
  }

  /** Run a callback task in some horse, before any job that waits. Never rejects. */
  attend(task: Task): Promise<TaskFate> {
    return new Promise((resolve) => {
      this.#attended.set(task.id, resolve)
      this.#waiting.unshift({ task, sinceMs: this.#options.clock.monotonicMs() })
      this.#handOut()
    })
  }

  isRunning(id: string): boolean {
    for (const horse of this.#horses) if (horse.isRunning(id)) return true
    return false
  }

  /** End a job for this reason: by its signal and then by force if it runs, else before it does. */
  abort(id: string, reason: AbortReason): void {
    const holder = [...this.#horses].find((horse) => horse.has(id))
    if (holder?.isRunning(id) === true) return holder.abort(id, reason)
    if (holder === undefined && !this.#waiting.some(({ task }) => task.id === id)) return
    this.#dropped.set(id, reason)
    if (holder === undefined) this.#putBack([])
    else holder.takeBack()
  }

  /** Kill the horses that run something. Returns how many. */
  killBusy(cause: KillCause): number {
    const busy = [...this.#horses].filter((horse) => horse.isBusy)
    for (const horse of busy) horse.kill(cause)
    return busy.length
  }

  /** Take no more jobs, and return every one that has not begun. */
  drain(): void {
    this.#drained = true
    this.#handOut()
    for (const horse of this.#horses) horse.takeBack()
  }

  /** Let every horse end by itself; for when nothing runs any more. Resolves when all are gone. */
  close(): Promise<void> {
    return this.#end((horse) => horse.retire())
  }

  /** Kill every horse. Resolves when all are gone. */
  killAll(): Promise<void> {
    return this.#end((horse) => horse.kill('shutdown'))
  }

  async #end(how: (horse: Horse) => void): Promise<void> {
    this.#drained = true
    this.#closing = true
    clearTimeout(this.#fillTimer)
    const gone = new Promise<void>((resolve) => {
      const before = this.#allGone
      this.#allGone = () => {
        before()
        resolve()
      }
    })
    for (const horse of this.#horses) how(horse)
    this.#watch()
    this.#noteAllGone()
    await gone
  }

  #noteAllGone(): void {
    if (!this.#closing || this.#horses.size > 0) return
    clearInterval(this.#checkTimer)
    this.#checkTimer = undefined
    this.#allGone()
  }

  /** Start horses until there are enough of them. */
  #fill(): void {
    this.#fillTimer = undefined
    if (this.#closing) return
    let live = 0
    for (const horse of this.#horses) if (horse.state === 'starting' || horse.state === 'ready') live++
    for (; live < this.#options.size; live++) this.#startOne()
    this.#watch()
  }

  #fillSoon(): void {
    if (this.#closing) return
    if (this.#starts.tries === 0) this.#fill()
    else this.#fillTimer ??= setTimeout(() => this.#fill(), this.#starts.nextMs())
  }

  #startOne(): void {
    const { clock, killable, lanes, setup, start } = this.#options
    this.#numbers++
    const owner: HorseOwner = {
      onReady: (horse) => this.#ready(horse),
      onBegin: (horse, task) => this.#begun(horse, task),
      onEnd: (task, end, aborted) => this.#ended(task, end, aborted),
      onTold: (horse) => this.#told(horse),
      onLeaving: () => this.#fillSoon(),
      onReleased: (tasks) => this.#released(tasks),
      onCall: (horse, call) => this.#owner.onCall(horse, call),
      onGone: (horse, exit, killed, unbegun) => this.#gone(horse, exit, killed, unbegun),
    }
    this.#horses.add(new Horse({ clock, killable, lanes, start, setup: { ...setup, number: this.#numbers } }, owner))
  }

  #ready(horse: Horse): void {
    this.#owner.onHorseStarted(factsOf(horse))
    this.#handOut()
    this.#owner.onRoom()
  }

  #begun(horse: Horse, task: Task): void {
    const reason = this.#dropped.get(task.id)
    this.#owner.onBegin(task)
    if (reason === undefined) return
    this.#dropped.delete(task.id)
    horse.abort(task.id, reason)
  }

  #ended(task: Task, end: TaskEnd, aborted: AbortReason | undefined): void {
    if (task.kind === 'job') this.#prefetch.observe(end.tookMs)
    this.#starts.reset()
    this.#decide(task, { kind: 'ended', end, aborted })
  }

  #told(horse: Horse): void {
    const { horseMaxBytes, horseMaxJobs } = this.#options
    const worn =
      (horseMaxJobs > 0 && horse.jobsDone >= horseMaxJobs) || (horseMaxBytes > 0 && horse.rss > horseMaxBytes)
    if (worn && horse.state === 'ready') horse.retire()
    this.#handOut()
    this.#owner.onRoom()
  }

  #decide(task: Task, fate: TaskFate): void {
    const attended = this.#attended.get(task.id)
    if (attended === undefined) return this.#owner.onFate(task, fate)
    this.#attended.delete(task.id)
    attended(fate)
  }

  /** What a slow horse had to give up is not kept waiting: another one takes it now, or it goes back. */
  #released(tasks: readonly Task[]): void {
    const longAgoMs = this.#options.clock.monotonicMs() - WAIT_MS
    this.#putBack(tasks.map((task) => ({ task, sinceMs: longAgoMs })))
    this.#returnWaiting(({ sinceMs }) => sinceMs <= longAgoMs)
  }

  #gone(horse: Horse, exit: HorseExit, killed: readonly KilledTask[], unbegun: readonly Task[]): void {
    this.#horses.delete(horse)
    const nowMs = this.#options.clock.monotonicMs()
    this.#owner.onHorseEnded(factsOf(horse), exit)
    const unused = horse.jobsDone === 0 && killed.length === 0 && nowMs - horse.startedMs < YOUNG_MS
    if (unused && !wanted(horse.killCause)) this.#noteStartFailure(horse, exit)
    for (const one of killed) this.#decide(one.task, { kind: 'killed', killed: one })
    this.#fillSoon()
    this.#putBack(unbegun.map((task) => ({ task, sinceMs: nowMs })))
    this.#noteAllGone()
  }

  /** Horses that were started together and failed together count as one failure. */
  #noteStartFailure(horse: Horse, exit: HorseExit): void {
    if (this.#closing || horse.startedMs < this.#failedMs) return
    this.#failedMs = this.#options.clock.monotonicMs()
    const why = horse.fatal ?? exit.cause?.message ?? `exit code ${exit.code}, signal ${exit.signal}`
    this.#options.logger.error('A work-horse ended while it started', { reason: why })
    clearTimeout(this.#fillTimer)
    this.#fillTimer = setTimeout(() => this.#fill(), this.#starts.nextMs())
    if (this.#starts.tries < MOST_START_FAILURES) return
    const message = `No work-horse could be started, ${MOST_START_FAILURES} times in a row. Check the modules given as imports, and the serializer. The last one ended by: ${why}`
    this.#owner.onBroken(new RqError('RQ_HORSE_TERMINATED', message))
  }

  /** To the head of what waits, but not what has been dropped. */
  #putBack(before: readonly Waiting[]): void {
    const all = [...before, ...this.#waiting]
    this.#waiting = all.filter(({ task }) => !this.#dropped.has(task.id))
    for (const { task } of all) {
      const reason = this.#dropped.get(task.id)
      if (reason === undefined) continue
      this.#dropped.delete(task.id)
      this.#decide(task, { kind: 'dropped', reason })
    }
    this.#handOut()
  }

  #handOut(): void {
    if (this.#drained) this.#returnWaiting(() => true)
    if (this.#waiting.length === 0) return
    const places = [...this.#horses]
      .map((horse) => ({ horse, load: horse.load, room: horse.room(this.#prefetch.depth), tasks: [] as Task[] }))
      .filter(({ room }) => room > 0)
    let handed = 0
    for (const { task } of this.#waiting) {
      const place = leastLoaded(places)
      if (place === undefined) break
      place.tasks.push(task)
      handed++
    }
    this.#waiting = this.#waiting.slice(handed)
    for (const { horse, tasks } of places) if (tasks.length > 0) horse.hand(tasks)
    this.#watch()
  }

  #returnWaiting(which: (waiting: Waiting) => boolean): void {
    const returned = this.#waiting.filter((waiting) => waiting.task.kind === 'job' && which(waiting))
    if (returned.length === 0) return
    const left = new Set(returned)
    this.#waiting = this.#waiting.filter((waiting) => !left.has(waiting))
    this.#owner.onReturned(returned.map(({ task }) => task.id))
  }

  /** Look at limits, but only as long as there is something to limit. */
  #watch(): void {
    this.#checkTimer ??= setInterval(() => this.#check(), CHECK_EVERY_MS)
  }

  #check(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const horse of this.#horses) horse.check(nowMs)
    this.#returnWaiting(({ sinceMs }) => nowMs - sinceMs >= WAIT_MS)
    for (const horse of this.#horses) if (horse.state !== 'ready' || horse.load > 0) return
    if (this.#waiting.length > 0 || this.#horses.size === 0) return
    clearInterval(this.#checkTimer)
    this.#checkTimer = undefined
  }
}

interface Place {
  readonly load: number
  readonly room: number
  readonly tasks: Task[]
}

function leastLoaded<P extends Place>(places: readonly P[]): P | undefined {
  let best: P | undefined
  for (const place of places) {
    if (place.tasks.length >= place.room) continue
    if (best === undefined || place.load + place.tasks.length < best.load + best.tasks.length) best = place
  }
  return best
}

/** Ended on purpose, so nothing is wrong with how it starts. */
function wanted(cause: KillCause | undefined): boolean {
  return cause !== undefined && cause !== 'start_timeout'
}

function factsOf(horse: Horse): HorseFacts {
  return horse.pid === undefined ? { number: horse.number } : { number: horse.number, pid: horse.pid }
}
