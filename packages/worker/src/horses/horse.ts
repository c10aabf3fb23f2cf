import { type Clock, SECOND_MS } from '@rq/core'
import {
  type AbortReason,
  DRAIN_MS,
  type FromHorse,
  type HorseSetup,
  REVOKE_AFTER_MS,
  type TaskEnd,
  type ToHorse,
} from '../inside-horse/protocol.ts'
import type { HorseExit, HorsePort, HorseStarter } from './horse-port.ts'
import { isAbortReason, type KillCause, type KilledTask } from './killed-task.ts'
import { Silence } from './silence.ts'
import type { TaskRun } from './task-run.ts'

export type HorseCall = Extract<FromHorse, { type: 'call' }>

/** What a horse reports to its pool. */
export interface HorseOwner {
  /** The horse takes tasks now. */
  onReady(horse: Horse): void
  onBegin(horse: Horse, run: TaskRun): void
  /** A task has ended in an orderly way, and has reported its outcome. */
  onEnd(run: TaskRun, end: TaskEnd): void
  /** After a message with ends and beginnings was processed: the horse may have room, or be worn out. */
  onProgress(horse: Horse): void
  /** The horse takes no more tasks. */
  onLeaving(horse: Horse): void
  /** These tasks had not begun, and will not begin in this horse. */
  onReleased(runs: readonly TaskRun[]): void
  /** A job in the horse calls the store. */
  onCall(horse: Horse, call: HorseCall): void
  /**
   * The horse is gone. It was blocked at the time limit of this task, perhaps by what an earlier job left behind: the
   * task has to run again where nothing ran before.
   */
  onDoubt(horse: Horse, run: TaskRun): void
  /** The horse is gone, and the tasks that ran in it were killed. `unbegun` had not begun. */
  onGone(horse: Horse, exit: HorseExit, wasBusy: boolean, unbegun: readonly TaskRun[]): void
}

export interface HorseOptions {
  readonly setup: HorseSetup
  readonly start: HorseStarter
  /** How many tasks run at once. */
  readonly slots: number
  /** Whether killing the horse ends what runs in it. False in the worker's own event loop. */
  readonly killable: boolean
  readonly clock: Clock
}

/** A horse must be ready this soon after its start. */
const START_MS = 60 * SECOND_MS
const QUIT_MS = SECOND_MS
/**
 * A horse reports that a task begins before it loads the module of the task. If it says nothing for this long, what an
 * earlier task left behind blocks it.
 */
const SILENT_MS = 10 * SECOND_MS
/** It must first read what it was sent; even a busy machine reads this many characters a millisecond. */
const READ_PER_MS = 2000
/** After a task has run this long, do not assume that the next one starts soon. */
const SLOW_MS = 20

/**
 * One horse as its worker sees it: which tasks it has, what runs, until when. States:
 * `starting` -> `ready` -> (`leaving`: finishes its tasks and gets no more) -> `gone`; any state can go to `gone`.
 * It has no timer: its owner calls {@link check} several times a second.
 */
export class Horse {
  readonly number: number
  readonly #options: HorseOptions
  readonly #owner: HorseOwner
  readonly #port: HorsePort
  readonly #runs = new Map<string, TaskRun>()
  readonly #silence = new Silence()
  readonly startedMs: number
  #state: 'starting' | 'ready' | 'leaving' | 'gone' = 'starting'
  #jobsDone = 0
  #rss = 0
  #fatal: string | undefined
  /** The id of the job that made the horse end. */
  #culprit: string | undefined
  #isEndedByLeftover = false
  #killCause: KillCause | undefined
  /** The task that it is killed for, if that is perhaps not to blame. */
  #doubtful: TaskRun | undefined
  #isUnused = true
  #quitMs: number | undefined
  /** Requests to release tasks that the horse has not answered yet. */
  #revokesSent = 0
  /** How many of the next answers to ignore: their tasks were taken back without waiting. */
  #staleAnswers = 0

  constructor(options: HorseOptions, owner: HorseOwner) {
    this.number = options.setup.number
    this.#options = options
    this.#owner = owner
    this.startedMs = options.clock.monotonicMs()
    this.#port = options.start({
      onMessage: (message) => this.#receive(message),
      onExit: (exit) => this.#gone(exit),
    })
    this.#port.send({ type: 'setup', setup: options.setup })
  }

  get pid(): number | undefined {
    return this.#port.pid
  }

  get state(): 'starting' | 'ready' | 'leaving' | 'gone' {
    return this.#state
  }

  get jobsDone(): number {
    return this.#jobsDone
  }

  /** Its memory in bytes, as last reported; 0 before the first report. */
  get rss(): number {
    return this.#rss
  }

  /** The uncaught error that ends it. */
  get fatal(): string | undefined {
    return this.#fatal
  }

  /** The job that ended the horse by what it had left behind: an error, or a call of `process.exit()`. */
  get leftoverOf(): string | undefined {
    return this.#isEndedByLeftover ? this.#culprit : undefined
  }

  /** Whether it is ready, and was never given a task. */
  get isUnused(): boolean {
    return this.#state === 'ready' && this.#isUnused
  }

  /** Whether it is being killed, and a task of it will have to run again in an unused horse. */
  get isInDoubt(): boolean {
    return this.#doubtful !== undefined && this.#runs.has(this.#doubtful.id)
  }

  /** How many tasks it has, running or not. */
  get load(): number {
    return this.#runs.size
  }

  /** Whether a task is running. */
  get isBusy(): boolean {
    for (const { begunMs } of this.#runs.values()) if (begunMs !== undefined) return true
    return false
  }

  /** How many more tasks it can take, if up to `prefetched` may wait behind those that run. */
  room(prefetched: number): number {
    if (this.#state !== 'ready') return 0
    const isSlow = prefetched > 0 && this.#blockedMs() > SLOW_MS
    return Math.max(0, this.#options.slots + (isSlow ? 0 : prefetched) - this.#runs.size)
  }

  find(id: string): TaskRun | undefined {
    return this.#runs.get(id)
  }

  assign(runs: readonly TaskRun[]): void {
    this.#isUnused = false
    for (const run of runs) this.#runs.set(run.id, run)
    this.send({ type: 'tasks', tasks: runs.map(({ task }) => task) })
  }

  send(message: ToHorse): void {
    this.#port.send(message)
  }

  /** Ask a running task to end. {@link check} kills the horse if it does not. */
  abort(run: TaskRun, reason: AbortReason): void {
    if (!run.abort(reason, this.#options.clock.monotonicMs())) return
    this.send({ type: 'abort', id: run.id, reason, timeoutS: run.timeoutS })
  }

  /** Take back the tasks that have not begun, once the horse has answered. For a blocked horse see {@link check}. */
  takeBack(): void {
    const ids = this.#unbegun().map(({ id }) => id)
    if (ids.length === 0 || this.#revokesSent > 0) return
    this.#revokesSent++
    this.send({ type: 'revoke', ids })
  }

  /** Take them back at once: safe after {@link REVOKE_AFTER_MS}, since the horse asks before it begins another task. */
  #takeBackAtOnce(): void {
    const unbegun = this.#unbegun()
    const ids = unbegun.map(({ id }) => id)
    this.#staleAnswers = this.#revokesSent
    this.send({ type: 'revoke', ids, quiet: true })
    for (const id of ids) this.#runs.delete(id)
    this.#owner.onReleased(unbegun)
  }

  #unbegun(): TaskRun[] {
    return [...this.#runs.values()].filter(({ begunMs }) => begunMs === undefined)
  }

  /** Assign no more tasks, and end the horse when it has finished those it has. */
  retire(): void {
    if (this.#state === 'starting') this.kill('shutdown')
    this.#leave()
    if (this.#runs.size === 0) this.#quit()
  }

  kill(cause: KillCause): void {
    if (this.#state === 'gone') return
    if (this.#killCause === undefined) {
      this.#killCause = cause
      this.#doubtful = cause === 'timeout' ? [...this.#runs.values()].find(({ isDoubtful }) => isDoubtful) : undefined
    }
    this.#leave()
    this.#port.kill()
  }

  /** Whether its worker asked it to end. */
  get hasQuit(): boolean {
    return this.#quitMs !== undefined
  }

  /** Why its worker killed it, if it did. */
  get killCause(): KillCause | undefined {
    return this.#killCause
  }

  /**
   * Enforce the time limits, and kill the horse when it begins none of its tasks. Call it only while the event loop is
   * on time: all messages that the horse sent more than {@link REVOKE_AFTER_MS} - {@link HOLD_MS} ago must have been
   * read.
   */
  check(nowMs: number): void {
    const cause = this.#causeToKill(nowMs)
    if (cause !== undefined) this.kill(cause)
    else if (this.#runs.size > this.#options.slots && this.#blockedMs() >= REVOKE_AFTER_MS) {
      if (this.#options.killable) this.#takeBackAtOnce()
      else this.takeBack()
    }
  }

  #causeToKill(nowMs: number): KillCause | undefined {
    if (this.#state === 'starting' && nowMs - this.startedMs > START_MS) return 'start_timeout'
    if (this.#quitMs !== undefined && nowMs - this.#quitMs > QUIT_MS) return 'shutdown'
    for (const run of this.#runs.values()) {
      const { aborted } = run
      if (aborted === undefined && run.isOverdue(nowMs)) this.abort(run, 'timeout')
      else if (aborted !== undefined && run.isDueToBeKilled(nowMs) && this.#options.killable) return aborted
    }
    const silentMs = this.#silentMs(nowMs)
    return silentMs >= SILENT_MS && silentMs >= SILENT_MS + this.#unreadLength() / READ_PER_MS ? 'silent' : undefined
  }

  #unreadLength(): number {
    return this.#unbegun().reduce((length, { task }) => length + task.record.data.length, 0)
  }

  /** How long it has said nothing, although it has a task to begin and nothing runs. */
  #silentMs(nowMs: number): number {
    if (this.#options.killable && this.#runs.size > 0 && !this.isBusy) return this.#silence.look(nowMs)
    this.#silence.end()
    return 0
  }

  #receive(message: FromHorse): void {
    switch (message.type) {
      case 'ready':
        if (this.#state === 'starting') this.#state = 'ready'
        this.#owner.onReady(this)
        return
      case 'progress':
        this.#progress(message)
        return
      case 'released':
        this.#released(message.ids)
        return
      case 'phase':
        this.#enter(message)
        return
      case 'exposed':
        this.#runs.get(message.id)?.expose(message.earlierJobs)
        return
      case 'call':
        this.#owner.onCall(this, message)
        return
      case 'fatal':
        this.#fatal = message.error
        this.#culprit = message.jobId
        return
      case 'draining':
        if (this.#quitMs !== undefined) this.#quitMs += DRAIN_MS
        return
      case 'exit':
        this.#culprit ??= message.jobId
        return
    }
  }

  #progress(message: Extract<FromHorse, { type: 'progress' }>): void {
    this.#silence.end()
    for (const end of message.ends) {
      const run = this.#runs.get(end.id)
      if (run === undefined) continue
      this.#runs.delete(end.id)
      if (run.task.kind === 'job') this.#jobsDone++
      if (end.leaking === true && this.#options.killable) this.kill('leaking')
      if (end.hasFailedImport === true && this.#options.killable) this.#quitNow()
      run.end({ kind: 'ended', end, aborted: run.aborted })
      this.#owner.onEnd(run, end)
    }
    if (message.rss !== undefined) this.#rss = message.rss
    if (message.begin !== undefined) this.#begin(message.begin)
    if (message.hold === true && this.#killCause === undefined && !this.hasQuit) this.send({ type: 'go' })
    if (this.#state === 'leaving' && this.#runs.size === 0) this.#quit()
    this.#owner.onProgress(this)
  }

  #begin(id: string): void {
    const run = this.#runs.get(id)
    if (run === undefined) {
      // The protocol does not allow it; but a job that may run elsewhere must not run here.
      this.kill('confused')
      return
    }
    run.begin(this.#options.clock)
    this.#owner.onBegin(this, run)
  }

  #enter({ id, phase, timeoutS, error }: Extract<FromHorse, { type: 'phase' }>): void {
    this.#runs.get(id)?.enter(phase, timeoutS, error, this.#options.clock.monotonicMs())
  }

  #released(ids: readonly string[]): void {
    this.#revokesSent--
    if (this.#staleAnswers > 0) {
      this.#staleAnswers--
      return
    }
    const released: TaskRun[] = []
    for (const id of ids) {
      const run = this.#runs.get(id)
      if (run === undefined) continue
      this.#runs.delete(id)
      released.push(run)
    }
    if (released.length > 0) this.#owner.onReleased(released)
  }

  /** How long the tasks that wait have been blocked by those that run: since the last begin, if every slot is taken. */
  #blockedMs(): number {
    let running = 0
    let lastBegunMs = 0
    for (const { begunMs } of this.#runs.values()) {
      if (begunMs === undefined) continue
      running++
      lastBegunMs = Math.max(lastBegunMs, begunMs)
    }
    return running < this.#options.slots ? 0 : this.#options.clock.monotonicMs() - lastBegunMs
  }

  #leave(): void {
    if (this.#state !== 'starting' && this.#state !== 'ready') return
    this.#state = 'leaving'
    this.#owner.onLeaving(this)
  }

  /** End a horse that waits for `go`. Tasks that it has not begun are reported when it is gone. */
  #quitNow(): void {
    this.#leave()
    this.#quit()
  }

  #quit(): void {
    if (this.hasQuit || this.#killCause !== undefined) return
    this.#quitMs = this.#options.clock.monotonicMs()
    this.send({ type: 'quit' })
  }

  #gone(exit: HorseExit): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    const unbegun = this.#unbegun()
    const wasBusy = unbegun.length < this.#runs.size
    this.#isEndedByLeftover =
      this.#killCause === undefined && this.#culprit !== undefined && !this.#isRunning(this.#culprit)
    for (const run of this.#runs.values()) {
      if (run.begunMs === undefined) continue
      if (run === this.#doubtful) this.#owner.onDoubt(this, run)
      else run.end({ kind: 'killed', killed: this.#killed(run, exit) })
    }
    this.#runs.clear()
    this.#owner.onGone(this, exit, wasBusy, unbegun)
  }

  #isRunning(jobId: string): boolean {
    for (const { begunMs, task } of this.#runs.values())
      if (begunMs !== undefined && task.record.id === jobId) return true
    return false
  }

  #killed({ aborted, failedBy, phase, startedAtMs, timeoutS }: TaskRun, exit: HorseExit): KilledTask {
    const cause = this.#killCause ?? 'exit'
    const isOthersFault = this.#isEndedByLeftover || cause === 'silent' || (isAbortReason(cause) && cause !== aborted)
    return {
      // A task that began while its horse ended because of another task, or of silence, is run again.
      cause: isOthersFault ? 'shutdown' : cause,
      exit,
      pid: this.pid,
      phase,
      timeoutS,
      startedAtMs,
      ...(failedBy === undefined ? {} : { failedBy }),
      ...(this.#fatal === undefined ? {} : { fatal: this.#fatal }),
    }
  }
}
