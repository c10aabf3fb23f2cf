import { EventEmitter } from 'node:events'
import type { JobRecord, Settlement } from '@rq/job'

/** What every event about a job says. */
export interface JobEvent {
  readonly jobId: string
  readonly executionId: string
  readonly queue: string
  /** The job as it was claimed. */
  readonly record: JobRecord
}

/** An attempt that has ended and been settled. */
export interface JobEndEvent extends JobEvent {
  readonly settlement: Settlement
}

export interface HorseEvent {
  /** From 1, never used twice by a worker. */
  readonly number: number
  readonly pid?: number
}

/** What a worker tells those who listen. Nothing depends on a listener, and nothing is prepared where there is none. */
export interface WorkerEvents {
  /** It is registered and takes work. */
  'worker:started': [{ readonly name: string }]
  /** It has left. */
  'worker:stopped': [{ readonly name: string }]
  'worker:suspended': []
  'worker:resumed': []
  'job:started': [JobEvent]
  'job:finished': [JobEndEvent]
  /** For good. */
  'job:failed': [JobEndEvent]
  /** An attempt has failed, or asked for another; it is queued or scheduled again. */
  'job:retried': [JobEndEvent]
  /** It succeeded and will run again. */
  'job:repeated': [JobEndEvent]
  'job:stopped': [JobEndEvent]
  /** A job of a dead worker was taken over. */
  'job:abandoned': [JobEvent]
  /** It has cost three workers their lives, and is not tried again. */
  'job:poisoned': [JobEvent]
  /** It was deleted, or the store has lost it, while it ran. */
  'job:vanished': [JobEvent]
  /** Another worker owns the job by now: what this one did with it does not count. */
  lease_lost: [JobEvent]
  'horse:started': [HorseEvent]
  'horse:ended': [HorseEvent & { readonly code: number | null; readonly signal: NodeJS.Signals | null }]
}

export class WorkerEmitter extends EventEmitter<WorkerEvents> {
  /** Emit what `make` returns, which is not called when nobody listens. */
  tell<K extends keyof WorkerEvents>(name: K, make: () => WorkerEvents[K][0]): void {
    if (this.listenerCount(name) === 0) return
    ;(this.emit as (name: K, event: WorkerEvents[K][0]) => void).call(this, name, make())
  }
}
