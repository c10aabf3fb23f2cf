import { type Clock, SECOND_MS } from '@rq/core'
import {
  type AbortReason,
  type ErrorFacts,
  type FromHorse,
  type HorseSetup,
  type Phase,
  REVOKE_AFTER_MS,
  type Task,
  type TaskEnd,
  type ToHorse,
} from '../inside-horse/protocol.ts'
import { HandedTask } from './assigned-task.ts'
import type { HorseExit, HorsePort, HorseStarter } from './horse-port.ts'

/** Why the worker ends a horse. */
export type KillCause = AbortReason | 'kill_horse' | 'shutdown' | 'leaking' | 'confused' | 'start_timeout'

/** How a task came to an end without the horse saying so. */
export interface KilledTask {
  readonly task: Task
  /** `exit`: nobody here did it. */
  readonly cause: KillCause | 'exit'
  readonly exit: HorseExit
  readonly pid: number | undefined
  /** What ran when it happened. */
  readonly phase: Phase
  /** Seconds; the limit of what ran. */
  readonly timeoutS: number
  /** The attempt had already failed by this. */
  readonly failedBy?: ErrorFacts
  /** The error that nobody caught in the horse. */
  readonly fatal?: string
  readonly startedAtMs: number
}

export type HorseCall = Extract<FromHorse, { type: 'call' }>

/** Who owns a horse. */
export interface HorseOwner {
  onReady(horse: Horse): void
  onBegin(horse: Horse, task: Task): void
  onEnd(task: Task, end: TaskEnd, aborted: AbortReason | undefined): void
  /** Ends and beginnings have been dealt with: it may have room, or be worn. */
  onTold(horse: Horse): void
  /** From now on it takes nothing. */
  onLeaving(horse: Horse): void
  /** These had not begun, and will not here. */
  onReleased(tasks: readonly Task[]): void
  onCall(horse: Horse, call: HorseCall): void
  /** It can be counted on no more: `task`s that had begun, and those that had not. */
  onGone(horse: Horse, exit: HorseExit, killed: readonly KilledTask[], unbegun: readonly Task[]): void
}

export interface HorseOptions {
  readonly setup: HorseSetup
  readonly start: HorseStarter
  /** Tasks at once. */
  readonly lanes: number
  /** Whether ending it ends what runs in it. False in the worker's own event loop. */
  readonly killable: boolean
  readonly clock: Clock
}

/** A horse whose imports never end is not waited for longer. */
const START_MS = 60 * SECOND_MS
const QUIT_MS = SECOND_MS
/** A task that runs this long already says nothing good about the next one's start. */
const SLOW_MS = 20

/**
 * One horse as its worker sees it: what was handed to it, what runs, until when. States:
 * `starting` -> `ready` -> (`leaving`: does what it has, gets no more) -> `gone`; from every state `gone` is near.
 * It has no timer: its owner calls {@link check} some times a second.
 */
export class Horse {
  readonly number: number
  readonly #options: HorseOptions
  readonly #owner: HorseOwner
  readonly #port: HorsePort
  readonly #handed = new Map<string, HandedTask>()
  readonly startedMs: number
  #state: 'starting' | 'ready' | 'leaving' | 'gone' = 'starting'
  #jobsDone = 0
  #rss = 0
  #fatal: string | undefined
  #killCause: KillCause | undefined
  #quitMs: number | undefined
  #asked = 0
  #void = 0

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

  /** Bytes that it holds, as last told; 0 before. */
  get rss(): number {
    return this.#rss
  }

  /** The error that nobody caught in it. */
  get fatal(): string | undefined {
    return this.#fatal
  }

  get load(): number {
    return this.#handed.size
  }

  /** Whether a task has begun and not ended. */
  get isBusy(): boolean {
    for (const { begunMs } of this.#handed.values()) if (begunMs !== undefined) return true
    return false
  }

  isRunning(id: string): boolean {
    return this.#handed.get(id)?.begunMs !== undefined
  }

  /** How many more tasks it could take, if up to `ahead` may wait behind those that run. */
  room(ahead: number): number {
    if (this.#state !== 'ready') return 0
    const slow = ahead > 0 && this.#heldUpMs() > SLOW_MS
    return Math.max(0, this.#options.lanes + (slow ? 0 : ahead) - this.#handed.size)
  }

  has(id: string): boolean {
    return this.#handed.has(id)
  }

  hand(tasks: readonly Task[]): void {
    for (const task of tasks) this.#handed.set(task.id, new HandedTask(task))
    this.send({ type: 'tasks', tasks })
  }

  send(message: ToHorse): void {
    this.#port.send(message)
  }

  /** Ask a running task to end, and end the horse if it does not. One that has not begun is just taken back. */
  abort(id: string, reason: AbortReason): void {
    const handed = this.#handed.get(id)
    if (handed?.abort(reason, this.#options.clock.monotonicMs()) !== true) return
    this.send({ type: 'abort', id, reason, timeoutS: handed.timeoutS })
  }

  /** Take back what has not begun, when the horse has answered. One that computes is taken care of by {@link check}. */
  takeBack(): void {
    const ids = this.#unbegun().map(({ id }) => id)
    if (ids.length === 0 || this.#asked > 0) return
    this.#asked++
    this.send({ type: 'revoke', ids })
  }

  /** Take back what has not begun, at once: safe after {@link REVOKE_AFTER_MS}, since the horse asks before it goes on. */
  #takeBackAtOnce(): void {
    const unbegun = this.#unbegun()
    const ids = unbegun.map(({ id }) => id)
    this.#void = this.#asked
    this.send({ type: 'revoke', ids, quiet: true })
    for (const id of ids) this.#handed.delete(id)
    this.#owner.onReleased(unbegun)
  }

  #unbegun(): Task[] {
    return [...this.#handed.values()].filter(({ begunMs }) => begunMs === undefined).map(({ task }) => task)
  }

  /** Hand it no more, and end it when it has done what it has. */
  retire(): void {
    if (this.#state === 'starting') this.kill('shutdown')
    this.#leave()
    if (this.#handed.size === 0) this.#quit()
  }

  kill(cause: KillCause): void {
    if (this.#state === 'gone') return
    this.#killCause ??= cause
    this.#leave()
    this.#port.kill()
  }

  /** Who ended it, if it was somebody here. */
  get killCause(): KillCause | undefined {
    return this.#killCause
  }

  /**
   * Enforce the limits. Only for an owner whose event loop has not been held up: it must have heard what the horse said
   * until less than {@link REVOKE_AFTER_MS} - {@link HOLD_MS} ago.
   */
  check(nowMs: number): void {
    const cause = this.#causeToKill(nowMs)
    if (cause !== undefined) this.kill(cause)
    else if (this.#handed.size > this.#options.lanes && this.#heldUpMs() >= REVOKE_AFTER_MS) {
      if (this.#options.killable) this.#takeBackAtOnce()
      else this.takeBack()
    }
  }

  #causeToKill(nowMs: number): KillCause | undefined {
    if (this.#state === 'starting' && nowMs - this.startedMs > START_MS) return 'start_timeout'
    if (this.#quitMs !== undefined && nowMs - this.#quitMs > QUIT_MS) return 'shutdown'
    for (const [id, handed] of this.#handed) {
      const { aborted } = handed
      if (aborted === undefined && handed.isOverdue(nowMs)) this.abort(id, 'timeout')
      else if (aborted !== undefined && handed.isDueToBeKilled(nowMs) && this.#options.killable) return aborted
    }
    return undefined
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
      case 'call':
        this.#owner.onCall(this, message)
        return
      case 'fatal':
        this.#fatal = message.error
        return
    }
  }

  #progress(message: Extract<FromHorse, { type: 'progress' }>): void {
    for (const end of message.ends) {
      const handed = this.#handed.get(end.id)
      if (handed === undefined) continue
      this.#handed.delete(end.id)
      if (handed.task.kind === 'job') this.#jobsDone++
      if (end.leaking === true && this.#options.killable) this.kill('leaking')
      this.#owner.onEnd(handed.task, end, handed.aborted)
    }
    if (message.rss !== undefined) this.#rss = message.rss
    if (message.begin !== undefined) this.#begin(message.begin)
    if (message.hold === true && this.#killCause === undefined) this.send({ type: 'go' })
    if (this.#state === 'leaving' && this.#handed.size === 0) this.#quit()
    this.#owner.onTold(this)
  }

  #begin(id: string): void {
    const handed = this.#handed.get(id)
    if (handed === undefined) {
      // Not possible by the protocol; but a job that may run somewhere else must not run here.
      this.kill('confused')
      return
    }
    handed.begin(this.#options.clock)
    this.#owner.onBegin(this, handed.task)
  }

  #enter({ id, phase, timeoutS, error }: Extract<FromHorse, { type: 'phase' }>): void {
    this.#handed.get(id)?.enter(phase, timeoutS, error, this.#options.clock.monotonicMs())
  }

  #released(ids: readonly string[]): void {
    this.#asked--
    if (this.#void > 0) {
      this.#void--
      return
    }
    const tasks: Task[] = []
    for (const id of ids) {
      const handed = this.#handed.get(id)
      if (handed === undefined) continue
      this.#handed.delete(id)
      tasks.push(handed.task)
    }
    if (tasks.length > 0) this.#owner.onReleased(tasks)
  }

  /** How long what waits has waited for what runs: since the last begin, if every lane is taken. */
  #heldUpMs(): number {
    let running = 0
    let lastBegunMs = 0
    for (const { begunMs } of this.#handed.values()) {
      if (begunMs === undefined) continue
      running++
      lastBegunMs = Math.max(lastBegunMs, begunMs)
    }
    return running < this.#options.lanes ? 0 : this.#options.clock.monotonicMs() - lastBegunMs
  }

  #leave(): void {
    if (this.#state !== 'starting' && this.#state !== 'ready') return
    this.#state = 'leaving'
    this.#owner.onLeaving(this)
  }

  #quit(): void {
    if (this.#quitMs !== undefined || this.#killCause !== undefined) return
    this.#quitMs = this.#options.clock.monotonicMs()
    this.send({ type: 'quit' })
  }

  #gone(exit: HorseExit): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    const killed: KilledTask[] = []
    const unbegun: Task[] = []
    for (const handed of this.#handed.values()) {
      if (handed.begunMs === undefined) unbegun.push(handed.task)
      else killed.push(this.#killed(handed, exit))
    }
    this.#handed.clear()
    this.#owner.onGone(this, exit, killed, unbegun)
  }

  #killed(handed: HandedTask, exit: HorseExit): KilledTask {
    const { task, phase, timeoutS, startedAtMs, failedBy, aborted } = handed
    const cause = this.#killCause ?? 'exit'
    return {
      task,
      // One that began while its horse was being ended for another task's sake is run again.
      cause: isAbortReason(cause) && cause !== aborted ? 'shutdown' : cause,
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

function isAbortReason(cause: string): cause is AbortReason {
  return cause === 'timeout' || cause === 'stopped' || cause === 'lease_lost'
}
