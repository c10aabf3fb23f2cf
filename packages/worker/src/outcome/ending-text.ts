import type { Settlement } from '@rq/job'
import type { ErrorFacts } from '@rq/queue/run'
import type { HorseExit } from '../horses/horse-port.ts'
import type { KilledTask } from '../horses/killed-task.ts'
import type { InvalidMessage } from '../inside-horse/invalid-message.ts'
import type { Phase } from '../inside-horse/protocol.ts'
import { POISON_COUNT } from '../poison.ts'

/** What ran when a horse was lost whose attempt had failed already. */
const DURING: Partial<Record<Phase, string>> = {
  retry_check: 'the function that decides about its retry',
  failure_callback: 'its failure callback',
}

/** The error of an attempt whose horse was lost. The wording is RQ's. */
export function killedError(killed: KilledTask): ErrorFacts {
  const { cause, failedBy, fatal, invalid, phase, timeoutS } = killed
  const exit = exitText(killed.exit)
  if (failedBy !== undefined) {
    const during = DURING[phase] ?? 'an exception handler'
    return { ...failedBy, text: `The work-horse ended during ${during} (${exit}), after:\n${failedBy.text}` }
  }
  if (cause === 'timeout') {
    const message = `Task exceeded maximum timeout value (${timeoutS} seconds)`
    const what = phase === 'success_callback' ? 'The success callback' : 'The job'
    const note = `${what} did not end after its abort signal fired, so its work-horse was killed.`
    return facts('JobTimeoutError', message, note)
  }
  if (invalid !== undefined) return invalidError(invalid)
  const message = `Work-horse terminated unexpectedly; ${exit}`
  return facts('WorkHorseTerminatedError', message, fatal)
}

/** The error of an attempt whose horse was killed for a message that is none. */
function invalidError({ isTooLong, message: why }: InvalidMessage): ErrorFacts {
  if (isTooLong) {
    const message = `The work-horse sent its worker too long a message: ${why}`
    const note = 'The result of the job may be too large: keep it elsewhere, and return where it is.'
    return facts('RqError', message, note, `RqError [RQ_TOO_LARGE]: ${message}`)
  }
  const message = `The work-horse sent its worker a message that is not valid: ${why}`
  const note =
    'Only rq itself may write to file descriptor 4 of a work-horse, which was killed. Did the job write to it?'
  return facts('InvalidMessageError', message, note)
}

/** The longest part of what the store said that goes into an error. */
const LONGEST_REASON = 500

/** The error of a job whose end cannot be stored. */
export function refusedError({ result, to }: Settlement, refusal: Error): ErrorFacts {
  const hasReturned = result?.returnValue !== undefined
  const what = hasReturned ? 'result' : result?.excString !== undefined ? 'error' : 'end'
  const reason = refusal.message.replace(/\s+/g, ' ').slice(0, LONGEST_REASON)
  const message = `The store refused the ${what} of the job: ${reason}`
  const note = hasReturned
    ? 'The job returned. Its result may be too large for the store: keep it elsewhere, and return where it is.'
    : `The job should have become ${to}.`
  return facts('RqError', message, note, `RqError [RQ_SETTLE_REFUSED]: ${message}`)
}

/** The error of a job whose worker is gone. */
export function abandonedError(nowMs: number, abandonedCount: number): ErrorFacts {
  const at = new Date(nowMs).toISOString().replace('T', ' ').replace('Z', '000+00:00')
  const message = `Moved to FailedJobRegistry, due to AbandonedJobError, at ${at}`
  const why =
    'The worker that ran it stopped renewing its lease: it was killed, lost its connection, or its host is gone.'
  const poison = `This was the ${ordinal(abandonedCount)} worker that was lost with this job, so it is not run again.`
  return facts('AbandonedJobError', message, abandonedCount >= POISON_COUNT ? `${why} ${poison}` : why, message)
}

function ordinal(count: number): string {
  return count === POISON_COUNT ? '3rd' : `${count}th`
}

function exitText({ code, signal, cause }: HorseExit): string {
  if (signal !== null) return `signal ${signal}`
  if (code !== null) return `exit code ${code}`
  return cause?.message ?? 'no exit code'
}

/** The summary is the last line, where RQ's tools look for it. */
function facts(name: string, message: string, note: string | undefined, summary = `${name}: ${message}`): ErrorFacts {
  return { name, message, text: note === undefined ? summary : `${note}\n${summary}` }
}
