import { isUnknownFunction } from '@rq/functions'
import { mayBeReturned, type Outcome } from '@rq/job'
import { encodeFacts } from '../failure/encoded-error.ts'
import { errorFacts } from '../failure/error-facts.ts'
import type { CallbackInput } from './run-callback.ts'

/** What becomes of a job whose function this build does not have. */
export interface UnknownFunctionRule {
  /** How long such a job goes back for, in milliseconds. Default: it fails at once. */
  readonly returnUnknownForMs?: number | undefined
}

type Times = Pick<Outcome, 'startedAtMs' | 'endedAtMs'>

/**
 * Whether an error says that this build does not have the function of the job: another attempt here could not find it
 * either. A function that has begun may throw such an error about something else.
 */
export function lacksFunction(error: unknown, { hasBegun }: { readonly hasBegun: boolean }): boolean {
  return !hasBegun && isUnknownFunction(error)
}

/** Whether such a job goes back, for a worker that has its function. No callback or handler hears of it then. */
export function goesBack({ record, returnUnknownForMs }: CallbackInput & UnknownFunctionRule): boolean {
  return returnUnknownForMs !== undefined && mayBeReturned(record, returnUnknownForMs)
}

/** The outcome of a job that goes back. Its error names the function, which only readers with the codec may see. */
export async function unknownFunction(
  { context, record }: CallbackInput,
  error: unknown,
  times: Times,
): Promise<Outcome> {
  const { codec } = context
  const facts = errorFacts(error)
  const { remote, text } = codec === undefined ? facts : await encodeFacts(codec, record.id, facts)
  return { ...times, kind: 'unknown_function', error: text, ...(remote !== undefined && { remote }) }
}
