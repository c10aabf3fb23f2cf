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

/** Runs one task. Never rejects: the result says what went wrong. */
export type RunTask = (task: Task, context: TaskContext) => Promise<TaskResult>

/** How a running task and its worker talk to each other. */
export interface TaskContext {
  /** Fires when the worker wants the task to end. */
  readonly limit: RunLimit
  send(message: FromHorse): void
  /** To be called before each function of the task is. */
  readonly onCall?: (() => void) | undefined
}

export interface RunnerOptions {
  /** How many tasks run at once: 1 in a horse of its own. */
  readonly slots: number
  readonly runTask: RunTask
  /** Sends a message to the worker. The message has left this process when it returns. */
  readonly send: (message: FromHorse) => void
  /** Makes the reason that an abort signal fires with. */
  readonly abortError: (reason: AbortReason, timeoutS: number) => Error
  /** Called after each task. Must not throw. */
  readonly onEnd?: () => void
  /** What jobs leave behind; for a horse that can be killed, and runs one task at a time. */
  readonly leftovers?: Leftovers
  /** Measures the memory of the horse in bytes. Default: the resident memory of the process. */
  readonly memory?: () => number
}

const RSS_EVERY_MS = 1000

/**
 * Runs the tasks of a horse in order, `slots` at a time.
 * - The worker knows that a task begins, and that the one before it has ended, before the task begins: whatever the
 *   task does to its process, the worker knows which task did it.
 * - The event loop turns once between two tasks, so that a `revoke` is read, and so that what the last task left behind
 *   (an unhandled rejection, a timer that throws) strikes before the next one begins.
 */
export class Runner {
  readonly #options: RunnerOptions
  readonly #exposure: Exposure | undefined
  readonly #running = new Map<string, RunLimit>()
  #waiting: Task[] = []
  #ends: TaskEnd[] = []
  /** The runner waits for the worker's `go`. */
  #isHeld = false
  #isTurning = false
  #rssSentMs = Number.NEGATIVE_INFINITY

  constructor(options: RunnerOptions) {
    this.#options = options
    this.#exposure = options.leftovers && new Exposure(options.leftovers, options.send)
  }

  receive(message: ToHorse): void {
    switch (message.type) {
      case 'tasks':
        this.#waiting.push(...message.tasks)
        if (!this.#isTurning) this.#beginMore()
        return
      case 'revoke':
        this.#release(new Set(message.ids), message.quiet ?? false)
        return
      case 'abort':
        this.#running.get(message.id)?.abort(this.#options.abortError(message.reason, message.timeoutS))
        return
      case 'go':
        this.#isHeld = false
        if (!this.#isTurning) this.#beginMore()
        return
    }
  }

  /** Send the ends that wait for the next task to begin. For a process that is about to exit. */
  flush(): void {
    if (this.#ends.length > 0) this.#sendProgress()
  }

  /** @param inTurn - the event loop has turned once since the end of a task. */
  #beginMore(inTurn = false): void {
    while (!this.#isHeld && this.#running.size < this.#options.slots) {
      const task = this.#waiting.shift()
      if (task === undefined) return
      const limit = new RunLimit()
      this.#running.set(task.id, limit)
      // Read before the message is sent: the task must not seem older to the worker than it is here, see HOLD_MS.
      const begunMs = performance.now()
      this.#sendProgress(task.id)
      this.#options.leftovers?.look(begunMs, inTurn)
      this.#run(task, limit, begunMs)
    }
  }

  #run(task: Task, limit: RunLimit, begunMs: number): void {
    const { runTask, send } = this.#options
    this.#exposure?.begin(task.id)
    runTask(task, { limit, send, onCall: this.#exposure?.onCall }).then(
      (result) => this.#end(task, begunMs, result),
      (thrown) => this.#end(task, begunMs, broken(thrown, begunMs)),
    )
  }

  #end(
    { id, record }: Task,
    begunMs: number,
    { chainEnded, error, hasFailedImport, leaking, outcome, unsigned }: TaskResult,
  ): void {
    const tookMs = performance.now() - begunMs
    this.#running.delete(id)
    this.#options.onEnd?.()
    this.#exposure?.end()
    this.#options.leftovers?.ended(record.id)
    this.#ends.push({ id, outcome, tookMs, error, leaking, hasFailedImport, chainEnded, unsigned })
    if ((tookMs >= HOLD_MS || leaking === true || hasFailedImport === true) && this.#options.slots === 1) {
      // Even with nothing to do: tasks that were sent meanwhile have not been read, nor a `revoke` of them.
      this.#isHeld = true
      this.#sendProgress(undefined, true)
    } else if (this.#waiting.length === 0) this.#sendProgress()
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

  #release(ids: ReadonlySet<string>, quiet: boolean): void {
    const released = this.#waiting.filter((task) => ids.has(task.id))
    this.#waiting = this.#waiting.filter((task) => !ids.has(task.id))
    if (!quiet) this.#options.send({ type: 'released', ids: released.map((task) => task.id) })
  }

  #sendProgress(begin?: string, hold?: boolean): void {
    const ends = this.#ends
    this.#ends = []
    this.#options.send({ type: 'progress', ends, begin, hold, rss: this.#memory() })
  }

  #memory(): number | undefined {
    const nowMs = performance.now()
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
