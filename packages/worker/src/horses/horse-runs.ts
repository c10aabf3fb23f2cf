import type { Clock } from '@rq/core'
import type { TaskRun } from './task-run.ts'

/** The tasks that one horse has, in the order in which it got them. */
export class HorseRuns {
  readonly #runs = new Map<string, TaskRun>()
  #running = 0
  #lastBegunMs = 0

  get size(): number {
    return this.#runs.size
  }

  /** How many tasks are running. */
  get runningCount(): number {
    return this.#running
  }

  /** Whether a task is running. */
  get isBusy(): boolean {
    return this.#running > 0
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

  /** One of the tasks begins now. */
  begin(run: TaskRun, clock: Clock): void {
    this.#running++
    run.begin(clock, this.#running)
    this.#lastBegunMs = run.begunMs ?? 0
  }

  remove(run: TaskRun): void {
    if (this.#runs.delete(run.id) && run.begunMs !== undefined) this.#running--
  }

  clear(): void {
    this.#runs.clear()
    this.#running = 0
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

  /** When the last task began, if as many run as can run at once: then the last one that began is among them. */
  fullSinceMs(slots: number): number | undefined {
    return this.#running < slots ? undefined : this.#lastBegunMs
  }
}
