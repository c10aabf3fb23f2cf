import { oneLine, SECOND_MS } from '@rq/core'
import type { ScheduleFacts } from '@rq/job'
import { LATE_MS } from '../due-ticks.ts'

/**
 * What becomes of a schedule:
 * - `waiting`: its next job comes at its time;
 * - `paused`, `over`: it enqueues nothing;
 * - `unreadable`: its rule cannot be read, and nothing enqueues its jobs until it is written again;
 * - `no_worker`: no worker serves its queue;
 * - `late`: its next job is due, and no scheduler enqueues it;
 * - `unknown_function`: no worker could load its function for its last job, which has failed, or waits for a worker
 *   that has it; or its function is the name of a job, and no worker of its queue knows that.
 */
export type ScheduleCode = 'waiting' | 'paused' | 'over' | 'unreadable' | 'no_worker' | 'late' | 'unknown_function'

/** What becomes of a schedule, as a code and as text. */
export interface ScheduleExplanation {
  readonly code: ScheduleCode
  /** One or two sentences: what it waits for, and what to do if it needs help. */
  readonly text: string
}

/** What decides about a schedule. */
export interface ScheduleSituation {
  readonly schedule: ScheduleFacts
  readonly nowMs: number
  /** How many workers serve its queue. */
  readonly workers: number
  /** Its newest job, if that has failed; `error`: what it failed with. */
  readonly failure: { readonly id: string; readonly error: LastError | undefined } | undefined
  /** The id of its newest job, if workers have returned that, since they do not know its function. */
  readonly returnedId: string | undefined
  /** Whether its function is the name of a job that no worker of its queue knows. */
  readonly knownToNone: boolean
}

/** The last error of a job. */
export interface LastError {
  readonly code?: string | number
  readonly message: string
}

/** Whether a job failed since its worker could not load its function. */
function isLoadingError(error: LastError | undefined): boolean {
  return error?.code === 'RQ_FUNCTION_NOT_FOUND' || error?.code === 'RQ_FUNCTION_NOT_ALLOWED'
}

/** Explain the facts. Pure. */
export function explainSchedule(situation: ScheduleSituation): ScheduleExplanation {
  const { code, text } = nextStep(situation)
  const { failure, knownToNone, returnedId, schedule } = situation
  const isQuiet = schedule.nextMs === undefined
  if (knownToNone && !isQuiet) {
    const none = `No worker of the queue ${schedule.queue} knows the job ${oneLine(schedule.funcName)}.`
    return { code: 'unknown_function', text: `${none} Start one that does, or remove the schedule. ${text}` }
  }
  if (returnedId !== undefined) {
    const waits = `Its last job, ${returnedId}, waits for a worker that knows its function. ${text}`
    return { code: isQuiet ? code : 'unknown_function', text: waits }
  }
  if (failure === undefined) return { code, text }
  if (!isLoadingError(failure.error)) return { code, text: `${text} Its last job, ${failure.id}, has failed.` }
  const advice = 'Start a worker that has it, or remove the schedule.'
  const why = `No worker could load its function for its last job: ${oneLine(failure.error?.message ?? '')}`
  return { code: isQuiet ? code : 'unknown_function', text: `${why} ${isQuiet ? text : advice}` }
}

function nextStep({ nowMs, schedule, workers }: ScheduleSituation): ScheduleExplanation {
  const { name, nextMs, pausedMs, queue, rule } = schedule
  if (rule === undefined) return { code: 'unreadable', text: 'Its rule cannot be read: write it again.' }
  if (pausedMs !== undefined) {
    return { code: 'paused', text: `It has been paused since ${iso(pausedMs)}; schedule.resume() lets it go on.` }
  }
  if (nextMs === undefined) return { code: 'over', text: `It has no further time. Write ${name} with other times.` }
  const lateMs = nowMs - nextMs
  if (lateMs > LATE_MS) {
    const late = `Its job was due at ${iso(nextMs)}, ${Math.floor(lateMs / SECOND_MS)} s ago, and no scheduler enqueues it`
    return { code: 'late', text: `${late}: ${workers === 0 ? noWorker(queue) : notScheduling(queue)}` }
  }
  const next = lateMs >= 0 ? 'Its next job is due now' : `Its next job comes at ${iso(nextMs)}`
  if (workers === 0) return { code: 'no_worker', text: `${next}, but ${noWorker(queue)}` }
  return { code: 'waiting', text: `${next}.` }
}

function noWorker(queue: string): string {
  return `no worker serves the queue ${queue}. Start one.`
}

function notScheduling(queue: string): string {
  return `the workers of the queue ${queue} run no scheduler, or are of Python RQ. Start a worker or rq-cli scheduler.`
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
