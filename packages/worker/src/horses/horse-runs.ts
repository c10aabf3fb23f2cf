import type { TaskRun } from './task-run.ts'

/** The tasks that one horse has, in the order in which it got them. */
export class HorseRuns {
  readonly #runs = new Map<string, TaskRun>()

  get size(): number {
    return this.#runs.size
  }

  /** Whether a task is running. */
  get isBusy(): boolean {
    for (const { begunMs } of this.#runs.values()) if (begunMs !== undefined) return true
    return false
  }

  get(id: string): TaskRun | undefined {
    return this.#runs.get(id)
  }

  /** The task, if it has begun and not ended. */
  running(id: string): TaskRun | undefined {
    const run = this.#runs.get(id)
    return run?.begunMs === undefined ? undefined : run
  }

  add(run: TaskRun): void {
    this.#runs.set(run.id, run)
  }

  remove(run: TaskRun): void {
    this.#runs.delete(run.id)
  }

  clear(): void {
    this.#runs.clear()
  }

  [Symbol.iterator](): Iterator<TaskRun> {
    return this.#runs.values()
  }

  unbegun(): TaskRun[] {
    return [...this.#runs.values()].filter(({ begunMs }) => begunMs === undefined)
  }

  /** Whether a task of this job is running. */
  isRunning(jobId: string): boolean {
    for (const { begunMs, task } of this.#runs.values())
      if (begunMs !== undefined && task.record.id === jobId) return true
    return false
  }

  /** When the last task began, if as many run as can run at once. */
  fullSinceMs(slots: number): number | undefined {
    let running = 0
    let lastBegunMs = 0
    for (const { begunMs } of this.#runs.values()) {
      if (begunMs === undefined) continue
      running++
      lastBegunMs = Math.max(lastBegunMs, begunMs)
    }
    return running < slots ? undefined : lastBegunMs
  }
}
