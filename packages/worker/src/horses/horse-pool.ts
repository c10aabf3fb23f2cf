import { type Clock, type Logger, RqError } from '@rq/core'
import type { Storage } from '@rq/job'
import type { AbortReason, CallbackTask, JobTask, SetupError, TaskEnd } from '../inside-horse/protocol.ts'
import { badHandler } from '../start-check.ts'
import type { WorkerLog } from '../worker-log.ts'
import type { Horse } from './horse.ts'
import { answerCall } from './horse-calls.ts'
import type { HorseOwner, HorseWarning } from './horse-owner.ts'
import type { HorseExit } from './horse-port.ts'
import { type HorseCount, HorseSet, type HorseSetOptions } from './horse-set.ts'
import type { KillCause } from './killed-task.ts'
import { PendingTasks } from './pending-tasks.ts'
import { Prefetch, type PrefetchOptions } from './prefetch.ts'
import { type OnOutcome, type TaskOutcome, TaskRun } from './task-run.ts'

export interface HorsePoolOptions extends Omit<HorseSetOptions, 'onStarted'> {
  readonly prefetch: PrefetchOptions
  /** Replace a horse after this many jobs; 0 = never. */
  readonly horseMaxJobs: number
  /** Replace a horse whose memory exceeds this many bytes after a job; 0 = never. */
  readonly horseMaxBytes: number
  /** What jobs reach through their worker. */
  readonly storage: Storage
  /** Whether a job reaches only itself and the jobs that it depends on. Default false. */
  readonly isOwnOnly?: boolean
  readonly clock: Clock
  readonly log: WorkerLog
  readonly logger: Logger
  /** Called with the names of the jobs that the option `jobs` has defined, when the first horse is ready. */
  readonly onJobsKnown: (names: readonly string[]) => void
  /** Called when more jobs may be accepted. */
  readonly onRoom: () => void
}

const MOST_WARNINGS = 1000
const CHECK_EVERY_MS = 50
/** If a check is this late (a frozen process, a long pause), read the horses' messages first. */
const LATE_MS = 400
/** A job that no horse has taken after this time is returned to its queue, with those behind it. */
const WAIT_MS = 1000

const RESOLVED = Promise.resolve()

/**
 * The worker's horses. A task goes to the horse with the least to do; horses that end are replaced. Callback tasks go
 * before jobs and are never returned.
 */
export class HorsePool implements HorseOwner {
  readonly #options: HorsePoolOptions
  readonly #horses: HorseSet
  readonly #prefetch: Prefetch
  readonly #pending = new PendingTasks()
  readonly #handOutNow = (): void => {
    this.#isHandOutDue = false
    this.#handOut()
  }
  #isHandOutDue = false
  #roomTimer: NodeJS.Immediate | undefined
  /** What horses have warned of: each of them finds it anew. */
  readonly #warned = new Set<string>()
  #checkTimer: NodeJS.Timeout | undefined
  #checkedMs = 0
  #isDrained = false
  /** Whether jobs of a queue must not begin. Undefined: those of no queue. */
  #isHeld: ((queue: string) => boolean) | undefined
  /** A horse has been ready. */
  #hasStarted = false

  constructor(options: HorsePoolOptions) {
    this.#options = options
    this.#prefetch = new Prefetch(options.prefetch, options.slots)
    this.#horses = new HorseSet({ ...options, onStarted: () => this.#watch() }, this)
  }

  /** Start all horses, before the first job arrives. */
  start(): void {
    this.#horses.fill()
  }

  /**
   * Run a job in some horse. Jobs that are added in the same turn reach a horse in one message.
   * @param onOutcome - called once, never before this returns.
   */
  run(job: JobTask, onOutcome: OnOutcome): void {
    this.#pending.add(new TaskRun(job, onOutcome), this.#options.clock.monotonicMs())
    this.#handOutSoon()
  }

  /** Run a callback of a job whose own horse cannot call it. Before jobs that wait. Never rejects. */
  runCallback(callback: CallbackTask): Promise<TaskOutcome> {
    return new Promise((resolve) => {
      this.#pending.putBack([new TaskRun(callback, resolve)], this.#options.clock.monotonicMs())
      this.#handOutSoon()
    })
  }

  /** Whether jobs are assigned that have to wait behind others. */
  get isPrefetching(): boolean {
    return this.#prefetch.depth > 0
  }

  /** How many more jobs the horses can take now. */
  freeSlots(): number {
    if (this.#isDrained || this.#pending.size > 0 || this.#horses.hasSurplus) return 0
    let room = 0
    for (const horse of this.#horses) room += this.#room(horse)
    return room
  }

  /** How many more tasks a horse can take. */
  #room(horse: Horse): number {
    if (horse.isUnused && this.#isUnusedWanted()) return 0
    const room = horse.room(this.#prefetch.depth)
    const { horseMaxJobs } = this.#options
    return horseMaxJobs === 0 ? room : Math.max(0, Math.min(room, horseMaxJobs - horse.jobsDone - horse.load))
  }

  /** Whether a task has to run again in an unused horse, now or when its own is gone. */
  #isUnusedWanted(): boolean {
    if (this.#pending.needsUnused) return true
    for (const horse of this.#horses) if (horse.end.isInDoubt) return true
    return false
  }

  /** Whether every horse has at least half of its prefetch left, which is some milliseconds of work. */
  hasBacklog(): boolean {
    const { depth } = this.#prefetch
    if (depth < 2 || this.#isDrained) return false
    const enough = this.#horses.slots + depth / 2
    for (const horse of this.#horses) if (horse.state === 'ready' && horse.load < enough) return false
    return !this.#horses.isEmpty
  }

  /**
   * End a task: if it runs, by its signal and then by force; if it does not, before it begins.
   * @param why - what the one who stopped the job has said.
   */
  abort(id: string, reason: AbortReason, why?: string): void {
    for (const horse of this.#horses) {
      const run = horse.find(id)
      if (run === undefined) continue
      if (run.begunMs !== undefined) horse.abort(run, reason, why)
      else {
        run.cancel(reason, why)
        horse.takeBack()
      }
      return
    }
    this.#pending.find(id)?.cancel(reason)
    this.#handOut()
  }

  /** Kill the horses that run something. */
  killBusy(cause: KillCause): void {
    for (const horse of [...this.#horses]) if (horse.isBusy) horse.kill(cause)
  }

  /**
   * Replace all horses, since modules have changed: each when its running task has ended. Tasks that have not begun go
   * to the new ones.
   */
  renew(): void {
    this.#horses.renew()
  }

  /** Run another number of jobs at once. Those that run are not ended; those that are one too many are taken back. */
  resize(count: HorseCount): void {
    if (this.#isDrained) return
    this.#prefetch.resize(count.slots)
    this.#horses.resize(count)
    if (this.#pending.needsUnused) this.#horses.provideUnused()
    this.#handOut()
    this.#options.onRoom()
  }

  /**
   * Let no job of these queues begin, and return those that have not; undefined: jobs of all queues may begin. It
   * replaces what was said before.
   */
  hold(isHeld: ((queue: string) => boolean) | undefined): void {
    this.#isHeld = isHeld
    if (isHeld === undefined) return
    this.#handOut()
    for (const horse of this.#horses) if (horse.hasUnbegun(isHeld)) horse.takeBack()
  }

  /** Accept no more jobs, and return those that have not begun. */
  drain(): void {
    this.#isDrained = true
    this.#handOut()
    for (const horse of this.#horses) horse.takeBack()
  }

  /** Let every horse end by itself, for when nothing runs any more. Resolves when all are gone. */
  close(): Promise<void> {
    return this.#end(this.#horses.close())
  }

  /** Kill every horse. Resolves when all are gone. */
  killAll(): Promise<void> {
    return this.#end(this.#horses.killAll())
  }

  onReady(horse: Horse, jobNames: readonly string[] | undefined): void {
    this.#options.log.horseStarted(horse)
    if (!this.#hasStarted && jobNames !== undefined) this.#options.onJobsKnown(jobNames)
    this.#hasStarted = true
    this.#handOut()
    this.#options.onRoom()
  }

  onBegin(horse: Horse, run: TaskRun): void {
    if (run.task.kind === 'job') this.#options.log.began(run.task)
    if (run.canceled !== undefined) horse.abort(run, run.canceled, run.canceledWhy)
  }

  onEnd({ task }: TaskRun, { tookMs }: TaskEnd, atOnce: number): void {
    if (task.kind === 'job') this.#prefetch.observe(tookMs, atOnce)
    this.#horses.noteWorking()
  }

  onProgress(horse: Horse): void {
    const { horseMaxBytes, horseMaxJobs } = this.#options
    const isWorn =
      (horseMaxJobs > 0 && horse.jobsDone >= horseMaxJobs) || (horseMaxBytes > 0 && horse.rss > horseMaxBytes)
    if (isWorn && horse.state === 'ready') horse.retire()
    this.#horses.endSurplus()
    this.#handOut()
    this.#reportRoomSoon()
  }

  onLeaving(): void {
    this.#horses.fillSoon()
  }

  /** A slow horse gave these up: another one takes them now, or they are returned. */
  onReleased(runs: readonly TaskRun[]): void {
    const longAgoMs = this.#options.clock.monotonicMs() - WAIT_MS
    this.#pending.putBack(runs, longAgoMs)
    this.#horses.endSurplus()
    this.#handOut()
    this.#returnJobs(longAgoMs)
  }

  onCall(...[horse, call]: Parameters<HorseOwner['onCall']>): void {
    void answerCall(this.#options.storage, horse, call, this.#options.isOwnOnly ?? false)
  }

  onWarning({ fields, message }: HorseWarning): void {
    if (this.#warned.has(message) || this.#warned.size >= MOST_WARNINGS) return
    this.#warned.add(message)
    this.#options.logger.warn(message, fields)
  }

  onBadHandler(error: string): void {
    this.#options.onBroken(badHandler(error))
  }

  /** Before any horse has been ready, none ever may be: the worker does not start. Later it tries again. */
  onSetupFailed({ code, message }: SetupError): void {
    if (this.#hasStarted || this.#options.isWatching) return
    this.#options.onBroken(new RqError(code, message))
  }

  onDoubt({ number }: Horse, run: TaskRun): void {
    this.#options.log.ranInDoubt(run.task, number, run.exposedTo ?? [])
    this.#pending.addAgain(run.again())
  }

  onGone(horse: Horse, exit: HorseExit, wasBusy: boolean, unbegun: readonly TaskRun[]): void {
    this.#options.log.horseEnded(horse, exit)
    this.#pending.putBack(unbegun, this.#options.clock.monotonicMs())
    this.#horses.remove(horse, exit, wasBusy)
    this.#horses.endSurplus()
    if (this.#pending.needsUnused) this.#horses.provideUnused()
    this.#handOut()
  }

  async #end(allGone: Promise<void>): Promise<void> {
    this.#isDrained = true
    await allGone
    clearInterval(this.#checkTimer)
    this.#checkTimer = undefined
  }

  /**
   * In the next turn, when the jobs that have just ended are on their way to the store: one call settles and claims.
   */
  #reportRoomSoon(): void {
    this.#roomTimer ??= setImmediate(() => {
      this.#roomTimer = undefined
      this.#options.onRoom()
    })
  }

  #handOutSoon(): void {
    if (this.#isHandOutDue) return
    this.#isHandOutDue = true
    // Not queueMicrotask, which takes several times as long in Node: every job of an idle worker waits for it.
    void RESOLVED.then(this.#handOutNow)
  }

  /** Assign pending tasks to horses with room, the head first, after taking out those that must not run. */
  #handOut(): void {
    if (this.#pending.isEmpty) return
    for (const run of this.#pending.takeCanceled()) {
      if (run.canceled !== undefined) run.end({ kind: 'canceled', reason: run.canceled })
    }
    if (this.#isDrained) returnAll(this.#pending.takeJobs())
    else if (this.#isHeld !== undefined) returnAll(this.#pending.takeJobsOf(this.#isHeld))
    this.#handOutAgain()
    const places = (this.#horses.hasSurplus ? [] : [...this.#horses])
      .map((horse) => ({ horse, load: horse.load, room: this.#room(horse), runs: [] as TaskRun[] }))
      .filter(({ room }) => room > 0)
    this.#pending.take((run) => {
      const place = leastLoaded(places)
      place?.runs.push(run)
      return place !== undefined
    })
    for (const { horse, runs } of places) if (runs.length > 0) horse.assign(runs)
    this.#watch()
  }

  /** Each horse that is killed in doubt is replaced by an unused one, which gets nothing else before. */
  #handOutAgain(): void {
    if (!this.#pending.needsUnused) return
    for (const horse of this.#horses) {
      const run = horse.isUnused ? this.#pending.takeAgain() : undefined
      if (run !== undefined) horse.assign([run])
    }
  }

  /** Return all pending jobs, if one has been pending since `sinceMs` or longer. */
  #returnJobs(sinceMs: number): void {
    returnAll(this.#pending.takeJobsIfSince(sinceMs))
  }

  /** Check time limits, for as long as there is something to limit. */
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
    if (this.#pending.size > 0 || this.#horses.isEmpty) return
    clearInterval(this.#checkTimer)
    this.#checkTimer = undefined
  }
}

function returnAll(runs: readonly TaskRun[]): void {
  for (const run of runs) run.end({ kind: 'returned' })
}

interface Place {
  readonly load: number
  readonly room: number
  readonly runs: TaskRun[]
}

function leastLoaded<P extends Place>(places: readonly P[]): P | undefined {
  let best: P | undefined
  for (const place of places) {
    if (place.runs.length >= place.room) continue
    if (best === undefined || place.load + place.runs.length < best.load + best.runs.length) best = place
  }
  return best
}
