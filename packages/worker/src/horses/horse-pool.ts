import type { Clock, Logger, RqError } from '@rq/core'
import type { Claimed } from '@rq/job'
import type { AbortReason, HorseSetup, Task, TaskEnd } from '../inside-horse/protocol.ts'
import { Horse, type HorseCall, type HorseOwner, type KillCause, type KilledTask } from './horse.ts'
import type { HorseExit, HorseStarter } from './horse-port.ts'
import { WaitingLine } from './pending-tasks.ts'
import { Prefetch, type PrefetchOptions } from './prefetch.ts'
import { StartGuard } from './start-guard.ts'

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
/** A check this late comes before what the horses have said meanwhile was heard (a frozen process, a long pause). */
const LATE_MS = 400
/** A job that no horse could take for so long goes back. */
const WAIT_MS = 1000
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
  readonly #guard: StartGuard
  readonly #line = new WaitingLine()
  readonly #attended = new Map<string, (fate: TaskFate) => void>()
  #numbers = 0
  #fillTimer: NodeJS.Timeout | undefined
  #checkTimer: NodeJS.Timeout | undefined
  #checkedMs = 0
  #drained = false
  #closing = false
  #allGone: () => void = () => {}

  constructor(options: PoolOptions, owner: PoolOwner) {
    this.#options = options
    this.#owner = owner
    this.#prefetch = new Prefetch(options.prefetch, options.lanes)
    this.#guard = new StartGuard(options.clock, options.logger)
  }

  /** Start all horses, ahead of the first job. */
  start(): void {
    this.#fill()
  }

  /** Whether jobs are handed over that have to wait for others. */
  get handsAhead(): boolean {
    return this.#prefetch.depth > 0
  }

  /** How many more jobs could be handed over now. */
  room(): number {
    if (this.#drained || this.#line.size > 0) return 0
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
    const tasks = claimed.map(({ executionId, job }) => ({ kind: 'job', id: executionId, record: job }) as const)
    this.#line.add(tasks, this.#options.clock.monotonicMs())
    this.#handOut()
  }

  /** Run a callback task in some horse, before any job that waits. Never rejects. */
  attend(task: Task): Promise<TaskFate> {
    return new Promise((resolve) => {
      this.#attended.set(task.id, resolve)
      this.#line.putBack([task], this.#options.clock.monotonicMs())
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
    if (holder?.isRunning(id) === true) {
      holder.abort(id, reason)
      return
    }
    if (holder === undefined && !this.#line.has(id)) return
    this.#line.strike(id, reason)
    holder?.takeBack()
    this.#handOut()
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
    const waitMs = this.#guard.waitMs()
    if (waitMs === 0) this.#fill()
    else this.#fillTimer ??= setTimeout(() => this.#fill(), waitMs)
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
    if (task.kind === 'job') this.#owner.onBegin(task)
    const reason = this.#line.unstrike(task.id)
    if (reason !== undefined) horse.abort(task.id, reason)
  }

  #ended(task: Task, end: TaskEnd, aborted: AbortReason | undefined): void {
    if (task.kind === 'job') this.#prefetch.observe(end.tookMs)
    this.#guard.reset()
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
    this.#attended.delete(task.id)
    if (attended === undefined) this.#owner.onFate(task, fate)
    else attended(fate)
  }

  /** What a slow horse had to give up is not kept waiting: another one takes it now, or it goes back. */
  #released(tasks: readonly Task[]): void {
    const longAgoMs = this.#options.clock.monotonicMs() - WAIT_MS
    this.#line.putBack(tasks, longAgoMs)
    this.#handOut()
    this.#returnJobs(longAgoMs)
  }

  #gone(horse: Horse, exit: HorseExit, killed: readonly KilledTask[], unbegun: readonly Task[]): void {
    this.#horses.delete(horse)
    const nowMs = this.#options.clock.monotonicMs()
    this.#owner.onHorseEnded(factsOf(horse), exit)
    this.#line.putBack(unbegun, nowMs)
    const failure = this.#closing ? undefined : this.#guard.judge(horse, exit, killed.length > 0)
    for (const one of killed) this.#decide(one.task, { kind: 'killed', killed: one })
    if (failure !== undefined) this.#owner.onBroken(failure)
    this.#fillSoon()
    this.#handOut()
    this.#noteAllGone()
  }

  /** Give what waits to horses with room, the head first; what must not run is taken out before. */
  #handOut(): void {
    if (this.#line.size === 0) return
    for (const { task, reason } of this.#line.takeStruck()) this.#decide(task, { kind: 'dropped', reason })
    if (this.#drained) this.#returnJobs(Number.POSITIVE_INFINITY)
    const places = [...this.#horses]
      .map((horse) => ({ horse, load: horse.load, room: horse.room(this.#prefetch.depth), tasks: [] as Task[] }))
      .filter(({ room }) => room > 0)
    this.#line.take((task) => {
      const place = leastLoaded(places)
      place?.tasks.push(task)
      return place !== undefined
    })
    for (const { horse, tasks } of places) if (tasks.length > 0) horse.hand(tasks)
    this.#watch()
  }

  #returnJobs(sinceMs: number): void {
    const returned = this.#line.takeJobsSince(sinceMs)
    if (returned.length > 0) this.#owner.onReturned(returned.map(({ id }) => id))
  }

  /** Look at limits, but only as long as there is something to limit. */
  #watch(): void {
    if (this.#checkTimer !== undefined) return
    this.#checkedMs = this.#options.clock.monotonicMs()
    this.#checkTimer = setInterval(() => this.#check(), CHECK_EVERY_MS)
  }

  #check(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const isLate = nowMs - this.#checkedMs > LATE_MS
    this.#checkedMs = nowMs
    if (isLate) return
    for (const horse of this.#horses) horse.check(nowMs)
    this.#returnJobs(nowMs - WAIT_MS)
    for (const horse of this.#horses) if (horse.state !== 'ready' || horse.load > 0) return
    if (this.#line.size > 0 || this.#horses.size === 0) return
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

function factsOf(horse: Horse): HorseFacts {
  return horse.pid === undefined ? { number: horse.number } : { number: horse.number, pid: horse.pid }
}
