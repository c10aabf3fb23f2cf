import { type Clock, show } from '@rq/core'
import type { JobRecord } from '@rq/job'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import {
  type AbortReason,
  type FromHorse,
  type HorseSetup,
  REVOKE_AFTER_MS,
  type TaskEnd,
  type ToHorse,
} from '../inside-horse/protocol.ts'
import { CallsUnderWay } from './calls-under-way.ts'
import { type EndFacts, HorseEnd } from './horse-end.ts'
import { HorseLimits } from './horse-limits.ts'
import type { HorseCall, HorseOwner } from './horse-owner.ts'
import type { HorseExit, HorseListener, HorsePort, HorseStarter } from './horse-port.ts'
import { HorseRuns } from './horse-runs.ts'
import type { KillCause } from './killed-task.ts'
import { Revocation } from './revocation.ts'
import type { TaskRun } from './task-run.ts'

export interface HorseOptions {
  readonly setup: HorseSetup
  readonly start: HorseStarter
  /** How many tasks run at once, at first. */
  readonly slots: number
  /** Whether killing the horse ends what runs in it. False in the worker's own event loop. */
  readonly killable: boolean
  readonly clock: Clock
}

/** After a task has run this long, do not assume that the next one starts soon. */
const SLOW_MS = 20

/**
 * One horse as its worker sees it: which tasks it has, what runs, until when. States:
 * `starting` -> `ready` -> (`leaving`: finishes its tasks and gets no more) -> `gone`; any state can go to `gone`.
 * It has no timer: its owner calls {@link check} several times a second.
 *
 * Code of a job can send whatever a horse can. A message that does not fit what the horse was given to do kills it,
 * and changes nothing else.
 */
export class Horse {
  readonly number: number
  readonly #options: HorseOptions
  readonly #owner: HorseOwner
  readonly #port: HorsePort
  readonly #runs = new HorseRuns()
  readonly #limits: HorseLimits
  readonly #end = new HorseEnd(this.#runs)
  readonly #revocation: Revocation
  readonly #calls = new CallsUnderWay()
  readonly startedMs: number
  #slots: number
  #state: 'starting' | 'ready' | 'leaving' | 'gone' = 'starting'
  #hasBeenReady = false
  #jobsDone = 0
  #rss = 0
  #isUnused = true
  /** It has modules that have changed: it gets no more tasks. */
  #isStale = false

  constructor(options: HorseOptions, owner: HorseOwner) {
    this.number = options.setup.number
    this.#options = options
    this.#slots = options.slots
    this.#owner = owner
    this.startedMs = options.clock.monotonicMs()
    this.#limits = new HorseLimits(this.#runs, options.killable, this.startedMs)
    this.#revocation = new Revocation(
      this.#runs,
      (message) => this.send(message),
      (runs) => owner.onReleased(runs),
    )
    const listener: HorseListener = {
      onMessage: (message) => this.#handle(message),
      onInvalid: (error) => this.#refuse(error),
      onExit: (exit) => this.#gone(exit),
    }
    this.#port = options.start(listener, options.slots)
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

  /** Why it ends. */
  get end(): EndFacts {
    return this.#end
  }

  /** Whether it is ready, and was never given a task. */
  get isUnused(): boolean {
    return this.#takesTasks && this.#isUnused
  }

  /** How many tasks it has, running or not. */
  get load(): number {
    return this.#runs.size
  }

  /** Whether a task is running. */
  get isBusy(): boolean {
    return this.#runs.isBusy
  }

  /** The job that runs now. One of several, where several run at once. */
  get running(): JobRecord | undefined {
    for (const { begunMs, task } of this.#runs) if (begunMs !== undefined) return task.record
    return undefined
  }

  /** How many more tasks it can take, if up to `prefetched` may wait behind those that run. */
  room(prefetched: number): number {
    if (!this.#takesTasks) return 0
    const isSlow = prefetched > 0 && this.#blockedMs() > SLOW_MS
    return Math.max(0, this.#slots + (isSlow ? 0 : prefetched) - this.#runs.size)
  }

  get #takesTasks(): boolean {
    return this.#state === 'ready' && !this.#isStale
  }

  find(id: string): TaskRun | undefined {
    return this.#runs.get(id)
  }

  assign(runs: readonly TaskRun[]): void {
    this.#isUnused = false
    for (const run of runs) this.#runs.add(run)
    this.send({ type: 'tasks', tasks: runs.map(({ task }) => task) })
  }

  send(message: ToHorse): void {
    this.#port.send(message)
  }

  /** Send the answer to a call. @throws what cannot be sent; then the call is still under way. */
  reply({ method }: HorseCall, answer: Omit<Extract<ToHorse, { type: 'reply' }>, 'type'>): void {
    this.send({ type: 'reply', ...answer })
    this.#calls.end(method)
  }

  /** Ask a running task to end. {@link check} kills the horse if it does not. */
  abort(run: TaskRun, reason: AbortReason, why?: string): void {
    if (!run.abort(reason, this.#options.clock.monotonicMs())) return
    this.send({ type: 'abort', id: run.id, reason, timeoutS: run.timeoutS, ...(why !== undefined && { why }) })
  }

  /** Whether a job of these queues has not begun. */
  hasUnbegun(isHeld: (queue: string) => boolean): boolean {
    return this.#runs.unbegun().some(({ task }) => task.kind === 'job' && isHeld(task.record.origin))
  }

  /** Take back the tasks that have not begun, once the horse has answered. For a blocked horse see {@link check}. */
  takeBack(): void {
    this.#revocation.ask()
  }

  /** Assign no more tasks, and end the horse when it has finished those it has. */
  retire(): void {
    if (this.#state === 'starting') this.kill('shutdown')
    this.#leave()
    if (this.#runs.size === 0) this.#quit()
  }

  /** Finish what runs, begin nothing more, and then end. Until then it counts as one of the worker's horses. */
  renew(): void {
    this.#isStale = true
    this.takeBack()
    this.#endIfStale()
  }

  #endIfStale(): void {
    if (this.#isStale && this.#runs.size === 0) this.retire()
  }

  /** Let so many tasks run at once. With fewer than run now, it begins none until enough of them have ended. */
  resize(slots: number): void {
    const isLess = slots < this.#slots
    this.#slots = slots
    this.send({ type: 'slots', slots })
    if (isLess) this.takeBack()
  }

  kill(cause: KillCause): void {
    if (this.#state === 'gone') return
    this.#end.kill(cause)
    this.#leave()
    this.#port.kill()
  }

  /** Whether its worker asked it to end. */
  get hasQuit(): boolean {
    return this.#limits.hasQuit
  }

  /**
   * Enforce the time limits, and kill the horse when it begins none of its tasks. Call it only while the event loop is
   * on time: all messages that the horse sent more than {@link REVOKE_AFTER_MS} - {@link HOLD_MS} ago must have been
   * read.
   */
  check(nowMs: number): void {
    if (this.#port.isBehind === true) return
    for (const run of this.#runs) if (run.isOverdue(nowMs)) this.abort(run, 'timeout')
    const cause = this.#limits.causeToKill(nowMs)
    if (cause !== undefined) this.kill(cause)
    else if (this.#runs.size > this.#slots && this.#blockedMs() >= REVOKE_AFTER_MS) {
      if (this.#options.killable) this.#revocation.atOnce()
      else this.#revocation.ask()
    }
  }

  #handle(message: FromHorse): void {
    if (this.#end.invalid !== undefined) return
    try {
      this.#receive(message)
    } catch (error) {
      this.#refuse(error)
    }
  }

  /** Believe nothing more of it. The tasks that have begun end when it is gone. */
  #refuse(error: unknown): void {
    this.#end.refuse(error, this.running?.id)
    this.kill('invalid_message')
  }

  /** @throws InvalidMessage when it does not fit what the horse has to do; whatever its owner throws. */
  #receive(message: FromHorse): void {
    switch (message.type) {
      case 'ready':
        this.#ready(message.jobNames)
        return
      case 'setup_failed':
        if (this.#state !== 'starting') throw new InvalidMessage('it has been set up before')
        this.#end.fail(message.error.message, undefined)
        this.kill('setup_failed')
        this.#owner.onSetupFailed(message.error)
        return
      case 'progress':
        this.#progress(message)
        return
      case 'released':
        this.#revocation.answered(message.ids)
        this.#endIfStale()
        return
      case 'phase':
        this.#enter(message)
        return
      case 'exposed':
        this.#runs.running(message.id)?.expose(message.earlierJobs)
        return
      case 'call':
        this.#calls.begin(message.method)
        this.#owner.onCall(this, message)
        return
      case 'warning':
        this.#owner.onWarning(message)
        return
      case 'bad_handler':
        if (this.#state !== 'starting') throw new InvalidMessage('it has loaded its exception handlers before')
        this.#owner.onBadHandler(message.error)
        return
      case 'fatal':
        this.#end.fail(message.error, message.jobId)
        return
      case 'draining':
        this.#limits.drain()
        return
      case 'exit':
        this.#end.exit(message.jobId)
        return
    }
  }

  #ready(jobNames: readonly string[] | undefined): void {
    if (this.#hasBeenReady) throw new InvalidMessage('it was ready before')
    this.#hasBeenReady = true
    if (this.#state === 'starting') this.#state = 'ready'
    this.#limits.started()
    this.#owner.onReady(this, jobNames)
  }

  #progress({ begin, ends, hold, rss }: Extract<FromHorse, { type: 'progress' }>): void {
    for (const end of ends) this.#taskEnded(end)
    if (rss !== undefined) this.#rss = rss
    if (begin !== undefined) this.#begin(begin)
    if (hold === true && this.#end.killCause === undefined && !this.hasQuit) this.send({ type: 'go' })
    if (this.#state === 'leaving' && this.#runs.size === 0) this.#quit()
    this.#endIfStale()
    this.#owner.onProgress(this)
  }

  /** The task is taken out when its owner has taken its end: an error there must not lose the task. */
  #taskEnded(end: TaskEnd): void {
    const run = this.#runs.get(end.id)
    if (run === undefined) return
    run.checkEnd(end)
    run.end({ kind: 'ended', end, aborted: run.aborted })
    const atOnce = Math.max(run.begunBeside, this.#runs.runningCount)
    this.#runs.remove(run)
    this.#end.taskEnded()
    if (run.task.kind === 'job') this.#jobsDone++
    if (end.leaking === true && this.#options.killable) this.kill('leaking')
    if (end.hasFailedImport === true && this.#options.killable) this.#quitNow()
    this.#owner.onEnd(run, end, atOnce)
  }

  #begin(id: string): void {
    const run = this.#runs.get(id)
    // A job that may run elsewhere must not run here.
    if (run === undefined) throw new InvalidMessage('it begins a task that it does not have')
    if (run.begunMs !== undefined) throw new InvalidMessage('it begins a task again')
    if (this.#runs.fullSinceMs(this.#slots) !== undefined) {
      throw new InvalidMessage('it begins a task while another one runs')
    }
    this.#limits.spoke()
    this.#runs.begin(run, this.#options.clock)
    this.#owner.onBegin(this, run)
  }

  #enter({ id, phase, error }: Extract<FromHorse, { type: 'phase' }>): void {
    const run = this.#runs.running(id)
    const handlers = this.#options.setup.exceptionHandlers.length
    if (run?.enter(phase, error, handlers, this.#options.clock.monotonicMs()) === false) {
      throw new InvalidMessage(`phase is ${show(phase)}, which does not come after ${show(run.phase)} in this task`)
    }
  }

  /** How long the tasks that wait have been blocked by those that run: since the last begin, if every slot is taken. */
  #blockedMs(): number {
    const sinceMs = this.#runs.fullSinceMs(this.#slots)
    return sinceMs === undefined ? 0 : this.#options.clock.monotonicMs() - sinceMs
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
    if (this.hasQuit || this.#end.killCause !== undefined) return
    this.#limits.quit(this.#options.clock.monotonicMs())
    this.send({ type: 'quit' })
  }

  #gone(exit: HorseExit): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    const unbegun = this.#runs.unbegun()
    const wasBusy = unbegun.length < this.#runs.size
    this.#end.gone()
    for (const run of this.#runs) {
      if (run.begunMs === undefined) continue
      if (this.#end.isDoubtful(run)) this.#owner.onDoubt(this, run)
      else run.end({ kind: 'killed', killed: this.#end.killed(run, exit, this.pid) })
    }
    this.#runs.clear()
    this.#owner.onGone(this, exit, wasBusy, unbegun)
  }
}
