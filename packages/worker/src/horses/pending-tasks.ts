import type { TaskRun } from './task-run.ts'

interface Pending {
  readonly run: TaskRun
  /** Monotonic milliseconds. */
  readonly sinceMs: number
}

/** The tasks that no horse has: callback tasks first, then jobs in the order of their queue. */
export class PendingTasks {
  #pending: Pending[] = []

  get size(): number {
    return this.#pending.length
  }

  find(id: string): TaskRun | undefined {
    return this.#pending.find(({ run }) => run.id === id)?.run
  }

  /** Add a task at the end. */
  add(run: TaskRun, nowMs: number): void {
    this.#pending.push({ run, sinceMs: nowMs })
  }

  /** Put tasks at the head, in order. */
  putBack(runs: readonly TaskRun[], sinceMs: number): void {
    if (runs.length > 0) this.#pending = [...runs.map((run) => ({ run, sinceMs })), ...this.#pending]
  }

  /** Take tasks from the head for as long as `accept` returns true. */
  take(accept: (run: TaskRun) => boolean): void {
    let taken = 0
    while (taken < this.#pending.length) {
      const next = this.#pending[taken]
      if (next === undefined || !accept(next.run)) break
      taken++
    }
    if (taken > 0) this.#pending = this.#pending.slice(taken)
  }

  /** Take out the jobs that have been pending since `sinceMs` or longer. Callback tasks stay. */
  takeJobsSince(sinceMs: number): TaskRun[] {
    return this.#takeOut(({ run, sinceMs: pendingMs }) => run.task.kind === 'job' && pendingMs <= sinceMs)
  }

  /** Take out the tasks that were canceled. */
  takeCanceled(): TaskRun[] {
    return this.#takeOut(({ run }) => run.canceled !== undefined)
  }

  #takeOut(matches: (pending: Pending) => boolean): TaskRun[] {
    if (!this.#pending.some(matches)) return []
    const taken = this.#pending.filter(matches)
    this.#pending = this.#pending.filter((pending) => !matches(pending))
    return taken.map(({ run }) => run)
  }
}
