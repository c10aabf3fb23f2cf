import type { TaskRun } from './task-run.ts'

interface Pending {
  readonly run: TaskRun
  /** Monotonic milliseconds. */
  readonly sinceMs: number
}

const isJob = ({ run }: Pending) => run.task.kind === 'job'

/**
 * The tasks that no horse has: callback tasks first, then jobs in the order of their queue. Apart from them, tasks that
 * have to run again in a horse in which nothing ran before.
 */
export class PendingTasks {
  #pending: Pending[] = []
  #again: TaskRun[] = []

  /** How many there are for any horse. */
  get size(): number {
    return this.#pending.length
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0 && this.#again.length === 0
  }

  /** Whether a task waits for an unused horse. */
  get needsUnused(): boolean {
    return this.#again.length > 0
  }

  find(id: string): TaskRun | undefined {
    return this.#pending.find(({ run }) => run.id === id)?.run ?? this.#again.find((run) => run.id === id)
  }

  /** Add a task at the end. */
  add(run: TaskRun, nowMs: number): void {
    this.#pending.push({ run, sinceMs: nowMs })
  }

  /** Put tasks at the head, in order. */
  putBack(runs: readonly TaskRun[], sinceMs: number): void {
    if (runs.length > 0) this.#pending = [...runs.map((run) => ({ run, sinceMs })), ...this.#pending]
  }

  /** Add a task for an unused horse. */
  addAgain(run: TaskRun): void {
    this.#again.push(run)
  }

  /** Take the next task for an unused horse. */
  takeAgain(): TaskRun | undefined {
    return this.#again.shift()
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

  /**
   * Take out all jobs, if one of them has been pending since `sinceMs` or longer: those behind it would go back to
   * their queue later, and stand before it there. Callback tasks stay.
   */
  takeJobsIfSince(sinceMs: number): TaskRun[] {
    const isStuck = this.#pending.some((pending) => isJob(pending) && pending.sinceMs <= sinceMs)
    return isStuck ? this.#takeOut(isJob) : []
  }

  /** Take out all jobs, also those for unused horses. Callback tasks stay. */
  takeJobs(): TaskRun[] {
    const again = this.#again.filter(({ task }) => task.kind === 'job')
    this.#again = this.#again.filter(({ task }) => task.kind !== 'job')
    return [...again, ...this.#takeOut(isJob)]
  }

  /** Take out the jobs of these queues, except for those that have begun before. Callback tasks stay. */
  takeJobsOf(isHeld: (queue: string) => boolean): TaskRun[] {
    return this.#takeOut((pending) => isJob(pending) && isHeld(pending.run.task.record.origin))
  }

  /** Take out the tasks that were canceled. */
  takeCanceled(): TaskRun[] {
    const again = this.#again.filter(({ canceled }) => canceled !== undefined)
    if (again.length > 0) this.#again = this.#again.filter(({ canceled }) => canceled === undefined)
    return [...again, ...this.#takeOut(({ run }) => run.canceled !== undefined)]
  }

  #takeOut(matches: (pending: Pending) => boolean): TaskRun[] {
    if (!this.#pending.some(matches)) return []
    const taken = this.#pending.filter(matches)
    this.#pending = this.#pending.filter((pending) => !matches(pending))
    return taken.map(({ run }) => run)
  }
}
