import { EventEmitter } from 'node:events'
import type { JobEndEvent, JobEvent } from './job-event.ts'

export interface HorseEvent {
  /** The number of the horse, from 1. A worker never uses a number twice. */
  readonly number: number
  /** The process id of a process horse. */
  readonly pid?: number
}

/** The events of a worker. It never depends on a listener, and creates no event without one. */
export interface WorkerEvents {
  /** The worker is registered and accepts work. */
  'worker:started': [{ readonly name: string }]
  /** The worker has left. */
  'worker:stopped': [{ readonly name: string }]
  'worker:suspended': []
  'worker:resumed': []
  'job:started': [JobEvent]
  'job:finished': [JobEndEvent]
  /** The job failed and will not be retried. */
  'job:failed': [JobEndEvent]
  /** An attempt failed, or asked for another one; the job is queued or scheduled again. */
  'job:retried': [JobEndEvent]
  /** The job succeeded and will run again. */
  'job:repeated': [JobEndEvent]
  /** This build does not have the function of the job, which waits for a worker that has it. No attempt is counted. */
  'job:returned': [JobEndEvent]
  'job:stopped': [JobEndEvent]
  /** This worker took over a job from a dead worker. */
  'job:abandoned': [JobEvent]
  /** The job was lost with three workers and will not run again. */
  'job:poisoned': [JobEvent]
  /** The job was deleted, or the store lost it, while it ran. */
  'job:vanished': [JobEvent]
  /** Another worker took the job over, or it was enqueued again under its id. This run does not count. */
  lease_lost: [JobEvent]
  'horse:started': [HorseEvent]
  'horse:ended': [HorseEvent & { readonly code: number | null; readonly signal: NodeJS.Signals | null }]
}

/** A listener of one event, or of each of several, given as a union of their names. */
type Listener<Name extends keyof WorkerEvents> = (...args: WorkerEvents[Name]) => void

/** An emitter that takes a name that is one of several, as in a loop: its listener gets what these events have. */
export class WorkerEmitter extends EventEmitter<WorkerEvents> {
  override on<Name extends keyof WorkerEvents>(name: Name, listener: Listener<Name>): this {
    return super.on(name as never, listener as never)
  }

  override once<Name extends keyof WorkerEvents>(name: Name, listener: Listener<Name>): this {
    return super.once(name as never, listener as never)
  }

  override off<Name extends keyof WorkerEvents>(name: Name, listener: Listener<Name>): this {
    return super.off(name as never, listener as never)
  }

  /** Emit what `make` returns. It is called only when the event has a listener. @internal */
  emitLazily<K extends keyof WorkerEvents>(name: K, make: () => WorkerEvents[K][0]): void {
    if (this.listenerCount(name) === 0) return
    ;(this.emit as (name: K, event: WorkerEvents[K][0]) => void).call(this, name, make())
  }
}
