import { type Logger, silentLogger } from '@rq/core'
import type { Claimed, Settlement } from '@rq/job'
import type { JobEvent, WorkerEmitter } from './events.ts'
import type { HorseExit } from './horses/horse-port.ts'
import type { Task } from './inside-horse/protocol.ts'
import { POISON_COUNT } from './outcome/ending-text.ts'

const LONGEST_DESCRIPTION = 500

/** What happens in a worker, as log lines in RQ's words and as events. Costs next to nothing when nobody listens. */
export class News {
  readonly #events: WorkerEmitter
  readonly #logger: Logger
  readonly #isLogging: boolean
  readonly #isDescribing: boolean

  constructor(events: WorkerEmitter, logger: Logger, isDescribing: boolean) {
    this.#events = events
    this.#logger = logger
    this.#isDescribing = isDescribing
    this.#isLogging = logger !== silentLogger
  }

  started(name: string, queues: readonly string[]): void {
    this.#logger.info(`Worker ${name} started, listening on ${queues.join(', ')}`)
    this.#events.tell('worker:started', () => ({ name }))
  }

  stopped(name: string): void {
    this.#logger.info(`Worker ${name} stopped`)
    this.#events.tell('worker:stopped', () => ({ name }))
  }

  suspended(suspended: boolean): void {
    this.#logger.info(suspended ? 'Suspended: waiting for resume' : 'Resumed')
    this.#events.emit(suspended ? 'worker:suspended' : 'worker:resumed')
  }

  begun({ id, record }: Task): void {
    if (this.#isLogging) {
      const what = this.#isDescribing ? `${oneLine(record.description ?? 'a job')} (${record.id})` : record.id
      this.#logger.info(`${record.origin}: ${what}`)
    }
    this.#events.tell('job:started', () => jobEvent({ executionId: id, job: record }))
  }

  settled(claimed: Claimed, settlement: Settlement): void {
    this.#events.tell(endOf(settlement), () => ({ ...jobEvent(claimed), settlement }))
  }

  lost(claimed: Claimed): void {
    const { id, origin } = claimed.job
    this.#logger.warn(`${origin}: Lease lost: the job belongs to another worker by now (${id})`)
    this.#events.tell('lease_lost', () => jobEvent(claimed))
  }

  vanished(claimed: Claimed): void {
    const { id, origin } = claimed.job
    this.#logger.warn(`${origin}: Job vanished while it ran; what it came to is kept nowhere (${id})`)
    this.#events.tell('job:vanished', () => jobEvent(claimed))
  }

  takenOver(claimed: Claimed): void {
    const { id, origin, abandonedCount: count = 0 } = claimed.job
    this.#logger.warn(`${origin}: Job was abandoned by its worker (${id})`, { count })
    this.#events.tell(count >= POISON_COUNT ? 'job:poisoned' : 'job:abandoned', () => jobEvent(claimed))
  }

  horseStarted(facts: { number: number; pid?: number }): void {
    this.#events.tell('horse:started', () => facts)
  }

  horseEnded(facts: { number: number; pid?: number }, { code, signal }: HorseExit): void {
    this.#events.tell('horse:ended', () => ({ ...facts, code, signal }))
  }
}

/** A description comes from whoever can write to the store: it must not look like lines of the log. */
function oneLine(text: string): string {
  return text.slice(0, LONGEST_DESCRIPTION).replace(/\p{Cc}/gu, (control) => JSON.stringify(control).slice(1, -1))
}

function endOf({ to, counts }: Settlement) {
  if (to === 'finished' || to === 'failed' || to === 'stopped') return `job:${to}` as const
  return counts === 'successful' ? 'job:repeated' : 'job:retried'
}

function jobEvent({ executionId, job }: Claimed): JobEvent {
  return { jobId: job.id, executionId, queue: job.origin, record: job }
}
