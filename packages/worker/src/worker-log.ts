import { type LogFields, type Logger, SECOND_MS, silentLogger } from '@rq/core'
import {
  attemptOf,
  type Claimed,
  descriptionOf,
  isReturn,
  type JobRecord,
  maxAttemptsOf,
  type Outcome,
  type Settlement,
} from '@rq/job'
import { withoutEncoded } from '@rq/queue/run'
import type { HorseEvent, WorkerEmitter } from './events.ts'
import type { EndFacts } from './horses/horse-end.ts'
import type { HorseExit } from './horses/horse-port.ts'
import type { Task } from './inside-horse/protocol.ts'
import { endEventOf, type JobEvent, type JobEventName, jobEndEvent, jobEvent, type MakeJob } from './job-event.ts'
import { knownJobs } from './known-jobs.ts'
import { shownError } from './outcome/shown-error.ts'
import { isPoisoned } from './poison.ts'

const LONGEST_DESCRIPTION = 500
/** How many changed modules a line names. */
const MOST_PATHS = 3

export interface WorkerLogOptions {
  /** The name of the worker. */
  readonly worker: string
  readonly showsDescriptions: boolean
  /** The reference of a job's function; null if it cannot be read here. */
  readonly functionOf: (job: JobRecord) => string | null
  readonly makeJob: MakeJob
}

/** The reference at the beginning of a call in JSON. The rest of the call need not be read for it. */
const REFERENCE = /^(?:\{"json":)?\["([^"\\]{1,500})"/

/** The fields of a warning that all workers with the same settings would log. A pool logs it once. */
export const OF_SETTINGS: LogFields = { concerns: 'settings' }

/** Reports what happens in a worker: as log lines in RQ's words, and as events. Nearly free when nothing listens. */
export class WorkerLog {
  readonly #events: WorkerEmitter
  readonly #logger: Logger
  readonly #isLogging: boolean
  readonly #options: WorkerLogOptions

  constructor(events: WorkerEmitter, logger: Logger, options: WorkerLogOptions) {
    this.#events = events
    this.#logger = logger
    this.#options = options
    this.#isLogging = logger !== silentLogger
  }

  started(name: string, queues: readonly string[]): void {
    this.#logger.info(`Worker ${name} started, listening on ${queues.join(', ')}`)
    this.#events.emitLazily('worker:started', () => ({ name }))
  }

  stopped(name: string): void {
    this.#logger.info(`Worker ${name} stopped`)
    this.#events.emitLazily('worker:stopped', () => ({ name }))
  }

  suspended(isSuspended: boolean): void {
    this.#logger.info(isSuspended ? 'Suspended: waiting for resume' : 'Resumed')
    this.#events.emit(isSuspended ? 'worker:suspended' : 'worker:resumed')
  }

  /** @param queues - those that are paused now. */
  pausesChanged(queues: readonly string[]): void {
    this.#logger.info(queues.length === 0 ? 'Resumed: no queue is paused' : `Paused: ${queues.join(', ')}`)
  }

  began({ id, record }: Task): void {
    if (this.#isLogging) {
      const what = this.#options.showsDescriptions
        ? `${shortened(descriptionOf(record) ?? 'a job')} (${record.id})`
        : record.id
      this.#logger.info(`${record.origin}: ${what}`, this.factsOf(record))
    }
    this.#events.emitLazily('job:started', () => this.#jobEvent('job:started', { executionId: id, job: record }))
  }

  /** An attempt has ended; its settlement is not stored yet. */
  attemptEnded(job: JobRecord, outcome: Outcome, settlement: Settlement, tookMs: number): void {
    if (!this.#isLogging) return
    const { id, origin } = job
    const about = this.factsOf(job)
    const facts = { ...about, tookMs: Math.round(tookMs) }
    switch (outcome.kind) {
      case 'returned':
        this.#logger.info(`${origin}: Job OK (${id})`, facts)
        if (outcome.unwritten !== undefined) {
          this.#logger.warn(`${origin}: The return value could not be written and is lost (${id})`, {
            ...facts,
            error: outcome.unwritten,
          })
        }
        return
      case 'returned_retry':
        this.#logger.info(`${origin}: Job asked to be retried${when(settlement)} (${id})`, facts)
        return
      case 'unknown_function':
        if (isReturn(settlement))
          this.#returned(job, settlement, { ...about, error: shownError(withoutEncoded(outcome.error)) })
        else this.#failed(job, settlement, { ...facts, error: shownError(withoutEncoded(outcome.error)) })
        return
      case 'stopped':
        this.#logger.info(`${origin}: Job stopped by user (${id})`, facts)
        return
      default:
        this.#failed(job, settlement, {
          ...about,
          error: shownError(withoutEncoded(outcome.error)),
          tookMs: facts.tookMs,
        })
    }
  }

  #returned({ id, origin }: JobRecord, settlement: Settlement, facts: LogFields): void {
    const { returnedMs = 0, returnForMs = 0 } = settlement.changes
    const left = secondsOf(returnForMs - returnedMs + settlement.delayMs)
    const what = 'This build does not have the function of the job, which goes back for another one'
    const text = `${origin}: ${what}, next ${soon(settlement)}, for ${left} s more at most (${id})`
    this.#logger.warn(text, facts)
  }

  #failed(job: JobRecord, settlement: Settlement, facts: LogFields): void {
    const { id, origin } = job
    const { changes, to } = settlement
    const most = maxAttemptsOf(job)
    const which = `${attemptOf(job)} of ${most}`
    if (to === 'queued' || to === 'scheduled') {
      const { retriesLeft = 0 } = changes
      const text = `${origin}: Attempt ${which} failed, next ${soon(settlement)} (${id})`
      this.#logger.warn(text, { ...facts, retriesLeft })
    } else if (most === 1) this.#logger.error(`${origin}: Job failed (${id})`, facts)
    else this.#logger.error(`${origin}: Job failed, attempt ${which} (${id})`, facts)
  }

  /** The fields of every line about a job. */
  factsOf(job: JobRecord): LogFields {
    const { functionOf, worker } = this.#options
    const reference = typeof job.data === 'string' ? REFERENCE.exec(job.data)?.[1] : undefined
    const name = reference ?? functionOf(job)
    const attempt = attemptOf(job)
    return { jobId: job.id, queue: job.origin, ...(name !== null && { function: name }), worker, attempt }
  }

  leaking(job: JobRecord): void {
    this.#logger.warn(`${job.origin}: Job kept running after its attempt ended (${job.id})`, this.factsOf(job))
  }

  /** A blocked horse was killed at the time limit of a task, which may not be to blame. */
  ranInDoubt({ kind, record }: Task, horseNumber: number, earlierJobs: readonly string[]): void {
    const what = kind === 'job' ? 'Job' : 'A callback of the job'
    const where = `in work-horse ${horseNumber}, which was blocked, perhaps by what an earlier job left behind`
    this.#logger.warn(
      `${record.origin}: ${what} exceeded its time limit ${where}; it runs once more in a new one (${record.id})`,
      { ...this.factsOf(record), earlierJobs: earlierJobs.length === 0 ? 'unknown' : earlierJobs.join(', ') },
    )
  }

  settled(claimed: Claimed, settlement: Settlement): void {
    this.#events.emitLazily(endEventOf(settlement), () => jobEndEvent(claimed, settlement, this.#options.makeJob))
  }

  leaseLost(claimed: Claimed): void {
    const { id, origin } = claimed.job
    this.#logger.warn(
      `${origin}: Lease lost: the job was taken over, or enqueued again under its id; this run does not count (${id})`,
      this.factsOf(claimed.job),
    )
    this.#events.emitLazily('lease_lost', () => this.#jobEvent('lease_lost', claimed))
  }

  /** The store refused the end of an attempt; the job fails instead. */
  failedByRefusal(job: JobRecord, refusal: Error): void {
    this.#logger.error(`${job.origin}: The store refused the end of the job, which fails (${job.id})`, {
      ...this.factsOf(job),
      error: refusal.message,
    })
  }

  /** The store refused each end of an attempt, so the job was set aside. */
  setAside(job: JobRecord, refusal: Error): void {
    const what = 'The store refused each end of the job, which was set aside: see rq-cli jobs --status broken'
    this.#logger.error(`${job.origin}: ${what} (${job.id})`, { ...this.factsOf(job), error: refusal.message })
  }

  /** The store refused each end of an attempt, and to set its job aside. */
  refused(job: JobRecord, refusal: Error): void {
    const what = 'The store refused the end of the job; another worker takes the job over when its lease ends'
    this.#logger.error(`${job.origin}: ${what} (${job.id})`, { ...this.factsOf(job), error: refusal.message })
  }

  vanished(claimed: Claimed): void {
    const { id, origin } = claimed.job
    this.#logger.warn(
      `${origin}: Job was deleted while it ran; its result was discarded (${id})`,
      this.factsOf(claimed.job),
    )
    this.#events.emitLazily('job:vanished', () => this.#jobEvent('job:vanished', claimed))
  }

  takenOver(claimed: Claimed): void {
    const { id, origin, abandonedCount: count = 0 } = claimed.job
    this.#logger.warn(`${origin}: Job was abandoned by its worker (${id})`, { ...this.factsOf(claimed.job), count })
    const name = isPoisoned(claimed.job) ? 'job:poisoned' : 'job:abandoned'
    this.#events.emitLazily(name, () => this.#jobEvent(name, claimed))
  }

  modulesChanged(paths: readonly string[]): void {
    const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : ''
    this.#logger.info(`${paths.slice(0, MOST_PATHS).join(', ')}${more} changed: new work-horses run the next jobs`)
  }

  /** The jobs that the option `jobs` has defined: what has another name here is an unknown function. */
  jobsKnown(names: readonly string[]): void {
    this.#logger.info(knownJobs(names))
  }

  horseStarted(horse: HorseFacts): void {
    this.#events.emitLazily('horse:started', () => horseEvent(horse))
  }

  horseEnded(horse: HorseFacts, { code, signal }: HorseExit): void {
    const { fatal = 'it called process.exit()', invalid, invalidFrom, killCause, leftoverOf } = horse.end
    if (killCause === 'silent') {
      const why = 'what an earlier job left behind may block it. Its jobs run again'
      this.#logger.warn(`Work-horse ${horse.number} did not begin its next job and was killed: ${why}`)
    }
    if (invalid !== undefined) {
      const what = `Work-horse ${horse.number} sent a message that is not valid and was killed`
      this.#logger.error(what, { ...this.#idOf(invalidFrom), reason: invalid.message })
    }
    if (leftoverOf !== undefined) {
      const what = `What job ${leftoverOf} left behind has ended work-horse ${horse.number}; a job that ran there runs again`
      this.#logger.error(what, { ...this.#idOf(leftoverOf), reason: shownError(fatal) })
    }
    this.#events.emitLazily('horse:ended', () => ({ ...horseEvent(horse), code, signal }))
  }

  #jobEvent(name: JobEventName, claimed: Pick<Claimed, 'executionId' | 'job'>): JobEvent {
    return jobEvent(name, claimed, this.#options.makeJob)
  }

  /** The fields of a line about a job of which the id is known only. */
  #idOf(jobId: string | undefined): LogFields {
    const { worker } = this.#options
    return jobId === undefined ? { worker } : { jobId, worker }
  }
}

interface HorseFacts {
  readonly number: number
  readonly pid: number | undefined
  readonly end: Pick<EndFacts, 'fatal' | 'invalid' | 'invalidFrom' | 'killCause' | 'leftoverOf'>
}

function horseEvent({ number, pid }: Pick<HorseFacts, 'number' | 'pid'>): HorseEvent {
  return pid === undefined ? { number } : { number, pid }
}

function shortened(description: string): string {
  return description.slice(0, LONGEST_DESCRIPTION)
}

/** When the next attempt begins at the earliest. */
function soon({ delayMs }: Settlement): string {
  return delayMs > 0 ? `in ${secondsOf(delayMs)} s` : 'at once'
}

function secondsOf(ms: number): number {
  return Math.round(ms / SECOND_MS)
}

/** The same behind a statement, if there is another attempt. */
function when(settlement: Settlement): string {
  return settlement.to === 'failed' ? ' too often' : `, ${soon(settlement)}`
}
