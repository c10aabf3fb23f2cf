import type { AbortReason, Task } from '../inside-horse/protocol.ts'

interface Waiting {
  readonly task: Task
  /** Monotonic milliseconds. */
  readonly sinceMs: number
}

/**
 * The tasks that no horse has: callback tasks first, then jobs in the order of their queue. A job can be struck out
 * while a horse still has it; it is then caught when it comes back.
 */
export class WaitingLine {
  #line: Waiting[] = []
  readonly #struck = new Map<string, AbortReason>()

  get size(): number {
    return this.#line.length
  }

  has(id: string): boolean {
    return this.#line.some(({ task }) => task.id === id)
  }

  /** At the end. */
  add(tasks: readonly Task[], nowMs: number): void {
    for (const task of tasks) this.#line.push({ task, sinceMs: nowMs })
  }

  /** At the head, in order. */
  putBack(tasks: readonly Task[], sinceMs: number): void {
    this.#line = [...tasks.map((task) => ({ task, sinceMs })), ...this.#line]
  }

  /** Take from the head as long as `accept` does. */
  take(accept: (task: Task) => boolean): void {
    let taken = 0
    while (taken < this.#line.length) {
      const next = this.#line[taken]
      if (next === undefined || !accept(next.task)) break
      taken++
    }
    if (taken > 0) this.#line = this.#line.slice(taken)
  }

  /** Take out the jobs that have waited since `sinceMs` or longer. Callback tasks stay. */
  takeJobsSince(sinceMs: number): Task[] {
    if (this.#line.length === 0) return []
    const isOld = (waiting: Waiting) => waiting.task.kind === 'job' && waiting.sinceMs <= sinceMs
    const taken = this.#line.filter(isOld)
    if (taken.length > 0) this.#line = this.#line.filter((waiting) => !isOld(waiting))
    return taken.map(({ task }) => task)
  }

  /** This task must not run. */
  strike(id: string, reason: AbortReason): void {
    this.#struck.set(id, reason)
  }

  /** Why it must not run, asked when it begins all the same. */
  unstrike(id: string): AbortReason | undefined {
    const reason = this.#struck.get(id)
    if (reason !== undefined) this.#struck.delete(id)
    return reason
  }

  /** Take out the tasks that must not run. */
  takeStruck(): { task: Task; reason: AbortReason }[] {
    if (this.#struck.size === 0) return []
    const taken: { task: Task; reason: AbortReason }[] = []
    this.#line = this.#line.filter(({ task }) => {
      const reason = this.unstrike(task.id)
      if (reason !== undefined) taken.push({ task, reason })
      return reason === undefined
    })
    return taken
  }
}
