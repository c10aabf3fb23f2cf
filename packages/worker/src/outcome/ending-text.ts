import { SECOND_MS } from '@rq/core'
import type { KilledTask } from '../horses/horse.ts'
import type { HorseExit } from '../horses/horse-port.ts'
import type { ErrorFacts } from '../inside-horse/protocol.ts'

/** A job that has cost so many workers their lease is not tried again. */
export const POISON_COUNT = 3

/** What an attempt failed by when its horse was ended with it. The wording is RQ's. */
export function killedError(killed: KilledTask): ErrorFacts {
  const { cause, failedBy, fatal, phase, timeoutS } = killed
  const exit = exitText(killed.exit)
  if (failedBy !== undefined) {
    const during = phase === 'failure_callback' ? 'its failure callback' : 'an exception handler'
    return { ...failedBy, text: `The work-horse ended during ${during} (${exit}), after:\n${failedBy.text}` }
  }
  if (cause === 'timeout') {
    const message = `Task exceeded maximum timeout value (${timeoutS} seconds)`
    const what = phase === 'success_callback' ? 'The success callback' : 'The job'
    const note = `${what} did not end when its signal fired, so its work-horse was killed.`
    return facts('JobTimeoutError', message, note)
  }
  const message = `Work-horse terminated unexpectedly; ${exit}`
  return facts('WorkHorseTerminatedError', message, fatal)
}

/** What a job failed by whose worker is gone. */
export function abandonedError(nowMs: number, abandonedCount: number): ErrorFacts {
  const at = new Date(nowMs).toISOString().replace('T', ' ').replace('Z', '000+00:00')
  const message = `Moved to FailedJobRegistry, due to AbandonedJobError, at ${at}`
  const why =
    'The worker that ran it stopped renewing its lease: it was killed, lost its connection, or its host is gone.'
  const poison = `This was the ${ordinal(abandonedCount)} worker that was lost with this job, so it is not tried again.`
  return facts('AbandonedJobError', message, abandonedCount >= POISON_COUNT ? `${why} ${poison}` : why, message)
}

/** How long an attempt took, for the log. */
export function tookText(ms: number): string {
  return ms < SECOND_MS ? `${Math.round(ms)} ms` : `${(ms / SECOND_MS).toFixed(2)} s`
}

function ordinal(count: number): string {
  return count === POISON_COUNT ? '3rd' : `${count}th`
}

function exitText({ code, signal, cause }: HorseExit): string {
  if (signal !== null) return `signal ${signal}`
  if (code !== null) return `exit code ${code}`
  return cause?.message ?? 'no exit code'
}

/** The summary comes last, where RQ's tools look for it. */
function facts(name: string, message: string, note: string | undefined, summary = `${name}: ${message}`): ErrorFacts {
  return { name, message, text: note === undefined ? summary : `${note}\n${summary}` }
}
