import { errorText, RunLimit } from '@rq/queue/run'
import { Exposure } from './exposure.ts'
import type { Leftovers } from './leftovers.ts'
import {
  type AbortReason,
  type FromHorse,
  HOLD_MS,
  type Task,
  type TaskEnd,
  type TaskResult,
  type ToHorse,
} from './protocol.ts'

/**
 * Runs one task. Never throws or rejects: the result says what went wrong. Returns a promise only if there is something
 * to wait for.
 */
export type RunTask = (task: Task, context: TaskContext) => TaskResult | Promise<TaskResult>

/** How a running task and its worker talk to each other. */
export interface TaskContext {
  /** Fires when the worker wants the task to end. */
  readonly limit: RunLimit
  send(message: FromHorse): void
  /** To be called before each function of the task is. */
  readonly onCall?: (() => void) | undefined
}

export interface RunnerOptions {
  /** How many tasks run at once at first: 1 in a horse of its own. */
  readonly slots: number
  /**
   * Whether tasks that end at once may follow each other in one turn of the event loop, for {@link LONGEST_SHARED_MS}.
   * Default false: then what a task left behind strikes before the next one begins.
   */
  readonly sharesTurns?: boolean
  readonly runTask: RunTask
  /** Sends a message to the worker. The message has left this process when it returns. */
  readonly send: (message: FromHorse) => void
  /** Makes the reason that an abort signal fires with. */
  readonly abortError: (reason: AbortReason, timeoutS: number, why?: string) => Error
  /** Called after each task. Must not throw. */
  readonly onEnd?: () => void
  /** What jobs leave behind; for a horse that can be killed, and runs one task at a time. */
  readonly leftovers?: Leftovers
  /** Measures the memory of the horse in bytes. Default: the resident memory of the process. */
  readonly memory?: () => number
}

const RSS_EVERY_MS = 1000
/**
 * How many tasks, and how many milliseconds of them, may share a turn of the event loop. Timers wait for no longer, and
 * the ends of these tasks are on their way to the store while the next ones run.
 */
const MOST_SHARED = 64
const LONGEST_SHARED_MS = 1

/**
 * Runs the tasks of a horse in order, `slots` at a time.
 * - The worker knows that a task begins, and that the one before it has ended, before the task begins: whatever the
 *   task does to its process, the worker knows which task did it.
 * - The event loop turns once between two tasks, so that a `revoke` is read, and so that what the last task left behind
 *   (an unhandled rejection, a timer that throws) strikes before the next one begins. Tasks may share a turn where that
 *   does not matter.
 */
export class Runner {
  readonly #options: RunnerOptions
  readonly #exposure: Exposure | undefined
  readonly #running = new Map<string, RunLimit>()
  #slots: number
  #waiting: Task[] = []
  #ends: TaskEnd[] = []
  /** The runner waits for the worker's `go`. */
  #isHeld = false
  #isTurning = false
  #isBeginning = false
  #rssSentMs = Number.NEGATIVE_INFINITY

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#slots = options.slots
    this.#exposure = options.leftovers && new Exposure(options.leftovers, options.send)
  }

  receive(message: ToHorse): void {
    switch (message.type) {
      case 'tasks':
        for (const task of message.tasks) this.#waiting.push(task)
        this.#beginMore()
        return
      case 'revoke':
        this.#release(new Set(message.ids), message.quiet ?? false)
        return
      case 'abort':
        this.#abort(message)
        return
      case 'slots':
        this.#slots = message.slots
        this.#beginMore()
        return
      case 'go':
        this.#isHeld = false
        this.#beginMore()
        return
    }
  }

  /** Send the ends that wait for the next task to begin. For a process that is about to exit. */
  flush(): void {
    if (this.#ends.length > 0) this.#sendProgress(performance.now())
  }

  /** @param inTurn - the event loop has turned once since the end of a task. */
  #beginMore(inTurn = false): void {
    // A message that is sent from here may bring more tasks.
    if (this.#isBeginning || this.#isTurning) return
    this.#isBeginning = true
    const { sharesTurns = false } = this.#options
    let left = sharesTurns ? MOST_SHARED : Number.POSITIVE_INFINITY
    const untilMs = sharesTurns ? performance.now() + LONGEST_SHARED_MS : Number.POSITIVE_INFINITY
    while (!this.#isHeld && !this.#isTurning && this.#running.size < this.#slots) {
      const task = this.#waiting[0]
      if (task === undefined) break
      // Read before the message is sent: the task must not seem older to the worker than it is here, see HOLD_MS.
      const begunMs = performance.now()
      if (left-- === 0 || begunMs > untilMs) {
        this.#turn()
        break
      }
      this.#waiting.shift()
      this.#begin(task, begunMs, inTurn)
    }
    this.#isBeginning = false
    if (sharesTurns) this.flush()
  }

  #begin(task: Task, begunMs: number, inTurn: boolean): void {
    const limit = new RunLimit()
    this.#running.set(task.id, limit)
    this.#sendProgress(begunMs, task.id)
    this.#options.leftovers?.look(begunMs, inTurn)
    const { runTask, send } = this.#options
    this.#exposure?.begin(task.id)
    let result: TaskResult | Promise<TaskResult>
    try {
      result = runTask(task, { limit, send, onCall: this.#exposure?.onCall })
    } catch (thrown) {
      result = broken(thrown, begunMs)
    }
    if (result instanceof Promise) {
      result.then(
        (value) => this.#end(task, begunMs, value),
        (thrown) => this.#end(task, begunMs, broken(thrown, begunMs)),
      )
    } else if (this.#options.sharesTurns === true) this.#end(task, begunMs, result)
    else this.#endAfterTurn(task, begunMs, result)
  }

  /** What the function has left to the next tick, such as an error, still strikes the task. */
  #endAfterTurn(task: Task, begunMs: number, result: TaskResult): void {
    const endedMs = performance.now()
    this.#exposure?.end()
    setImmediate(() => {
      this.#end(task, begunMs, result, endedMs)
      this.#beginMore(true)
      this.flush()
    })
  }

  /** @param turnedSinceMs - when the task ended; undefined: now, and the event loop has not turned since. */
  #end(
    { id, record }: Task,
    begunMs: number,
    { chainEnded, error, hasFailedImport, leaking, outcome, unsigned }: TaskResult,
    turnedSinceMs?: number,
  ): void {
    const nowMs = performance.now()
    const tookMs = (turnedSinceMs ?? nowMs) - begunMs
    this.#running.delete(id)
    this.#options.onEnd?.()
    this.#exposure?.end()
    this.#options.leftovers?.ended(record.id)
    this.#ends.push({ id, outcome, tookMs, error, leaking, hasFailedImport, chainEnded, unsigned })
    if ((tookMs >= HOLD_MS || leaking === true || hasFailedImport === true) && this.#slots === 1) {
      // Even with nothing to do: tasks that were sent meanwhile have not been read, nor a `revoke` of them.
      this.#isHeld = true
      this.#sendProgress(nowMs, undefined, true)
    } else if (this.#isBeginning || turnedSinceMs !== undefined) {
      // The next one begins at once, and its beginning is sent with this end.
    } else if (this.#waiting.length === 0) this.#sendProgress(nowMs)
    else this.#turn()
  }

  /** Let the event loop turn once, then begin the next task. */
  #turn(): void {
    if (this.#isTurning) return
    this.#isTurning = true
    setImmediate(() => {
      this.#isTurning = false
      this.#beginMore(true)
      this.flush()
    })
  }

  #abort({ id, reason, timeoutS, why }: Extract<ToHorse, { type: 'abort' }>): void {
    this.#running.get(id)?.abort(this.#options.abortError(reason, timeoutS, why))
  }

  #release(ids: ReadonlySet<string>, quiet: boolean): void {
    const released = this.#waiting.filter((task) => ids.has(task.id))
    this.#waiting = this.#waiting.filter((task) => !ids.has(task.id))
    if (!quiet) this.#options.send({ type: 'released', ids: released.map((task) => task.id) })
  }

  #sendProgress(nowMs: number, begin?: string, hold?: boolean): void {
    const ends = this.#ends
    this.#ends = []
    this.#options.send({ type: 'progress', ends, begin, hold, rss: this.#memory(nowMs) })
  }

  #memory(nowMs: number): number | undefined {
    if (nowMs - this.#rssSentMs < RSS_EVERY_MS) return undefined
    this.#rssSentMs = nowMs
    return (this.#options.memory ?? process.memoryUsage.rss)()
  }
}

/** An error of the horse itself, not of the job. The task must end in a defined way all the same. */
function broken(thrown: unknown, begunMs: number): TaskResult {
  const endedAtMs = Date.now()
  const startedAtMs = endedAtMs - Math.round(performance.now() - begunMs)
  return { outcome: { kind: 'raised', error: errorText(thrown), startedAtMs, endedAtMs } }
}
