import { errorText, RunLimit } from '@rq/queue/run'
import {
  type AbortReason,
  type FromHorse,
  HOLD_MS,
  type Task,
  type TaskEnd,
  type TaskResult,
  type ToHorse,
} from './protocol.ts'

/** Does one task. Never rejects: whatever goes wrong is in the end it resolves with. */
export type Perform = (task: Task, context: TaskContext) => Promise<TaskResult>

/** What a task has to do with its worker while it runs. */
export interface TaskContext {
  /** Fires when the worker wants the task to end. */
  readonly limit: RunLimit
  tell(message: FromHorse): void
}

export interface RunnerOptions {
  /** Tasks at once: 1 in a horse of its own. */
  readonly lanes: number
  readonly perform: Perform
  /** Reaches the worker, or at least leaves this process, before it returns. */
  readonly tell: (message: FromHorse) => void
  /** The reason to fire an abort signal with. */
  readonly abortError: (reason: AbortReason, timeoutS: number) => Error
  /** Called after each task. Must not throw. */
  readonly onEnd?: () => void
  /** Bytes that it holds. Default: those of the process. */
  readonly memory?: () => number
}

const RSS_EVERY_MS = 1000

/**
 * The horse's inside: does the tasks it is given in order, `lanes` at a time.
 * - Before a task begins the worker has been told so, together with the end of the one before it: whatever the task
 *   does to its process, the worker knows whose fault it was.
 * - Between two tasks the event loop turns once, so that a `revoke` is seen, and what the last task left behind
 *   (a rejection that nobody caught, a timer that throws) strikes before the next one begins.
 */
export class Runner {
  readonly #options: RunnerOptions
  readonly #running = new Map<string, RunLimit>()
  #waiting: Task[] = []
  #ends: TaskEnd[] = []
  /** Set while the worker's `go` is awaited. */
  #held = false
  #turning = false
  #rssToldMs = Number.NEGATIVE_INFINITY

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  receive(message: ToHorse): void {
    switch (message.type) {
      case 'tasks':
        this.#waiting.push(...message.tasks)
        if (!this.#turning) this.#beginMore()
        return
      case 'revoke':
        this.#release(new Set(message.ids), message.quiet ?? false)
        return
      case 'abort':
        this.#running.get(message.id)?.abort(this.#options.abortError(message.reason, message.timeoutS))
        return
      case 'go':
        this.#held = false
        if (!this.#turning) this.#beginMore()
        return
    }
  }

  /** Tell the ends that wait for the next beginning, for a process that is about to end. */
  flush(): void {
    if (this.#ends.length > 0) this.#tellProgress()
  }

  #beginMore(): void {
    while (!this.#held && this.#running.size < this.#options.lanes) {
      const task = this.#waiting.shift()
      if (task === undefined) return
      const limit = new RunLimit()
      this.#running.set(task.id, limit)
      // Read before the worker is told: by no clock may the task seem older there than here, see HOLD_MS.
      const begunMs = performance.now()
      this.#tellProgress(task.id)
      this.#run(task, limit, begunMs)
    }
  }

  #run(task: Task, limit: RunLimit, begunMs: number): void {
    const { perform, tell } = this.#options
    perform(task, { limit, tell }).then(
      (result) => this.#end(task, begunMs, result),
      (thrown) => this.#end(task, begunMs, broken(thrown, begunMs)),
    )
  }

  #end({ id }: Task, begunMs: number, { chainEnded, error, leaking, outcome }: TaskResult): void {
    const tookMs = performance.now() - begunMs
    this.#running.delete(id)
    this.#options.onEnd?.()
    this.#ends.push({ id, outcome, tookMs, error, leaking, chainEnded })
    if ((tookMs >= HOLD_MS || leaking === true) && this.#options.lanes === 1) {
      // Even with nothing to do: what was sent meanwhile has not been read yet, nor that it was taken back again.
      this.#held = true
      this.#tellProgress(undefined, true)
    } else if (this.#waiting.length === 0) this.#tellProgress()
    else this.#turn()
  }

  /** Let the event loop go round, then begin what waits. */
  #turn(): void {
    if (this.#turning) return
    this.#turning = true
    setImmediate(() => {
      this.#turning = false
      this.#beginMore()
      this.flush()
    })
  }

  #release(ids: ReadonlySet<string>, quiet: boolean): void {
    const released = this.#waiting.filter((task) => ids.has(task.id))
    this.#waiting = this.#waiting.filter((task) => !ids.has(task.id))
    if (!quiet) this.#options.tell({ type: 'released', ids: released.map((task) => task.id) })
  }

  #tellProgress(begin?: string, hold?: boolean): void {
    const ends = this.#ends
    this.#ends = []
    this.#options.tell({ type: 'progress', ends, begin, hold, rss: this.#memory() })
  }

  #memory(): number | undefined {
    const nowMs = performance.now()
    if (nowMs - this.#rssToldMs < RSS_EVERY_MS) return undefined
    this.#rssToldMs = nowMs
    return (this.#options.memory ?? process.memoryUsage.rss)()
  }
}

/** What fails here is not the job's error, which is a result: a task must end in a defined way even so. */
function broken(thrown: unknown, begunMs: number): TaskResult {
  const endedAtMs = Date.now()
  const startedAtMs = endedAtMs - Math.round(performance.now() - begunMs)
  return { outcome: { kind: 'raised', error: errorText(thrown), startedAtMs, endedAtMs } }
}
