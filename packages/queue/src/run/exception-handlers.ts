import { SECOND_MS, withinOrThrow } from '@rq/core'
import { DEFAULT_CALLBACK_TIMEOUT_S } from '@rq/job'
import { errorText } from '../failure/error-text.ts'
import { JobTimeoutError } from '../failure/job-errors.ts'

/** The time limit of each handler, in seconds. */
export const HANDLER_TIMEOUT_S = DEFAULT_CALLBACK_TIMEOUT_S

/**
 * Call exception handlers in order, each under its own time limit, until one returns false.
 * @param call - loads and calls one handler.
 * @param onError - gets what a handler threw, and its text; the next handler is called all the same.
 * @returns whether a handler ended the chain by returning false. Never rejects.
 */
export async function callExceptionHandlers<H>(
  handlers: readonly H[],
  call: (handler: H) => unknown,
  onError: (handler: H, text: string, thrown: unknown) => void,
): Promise<boolean> {
  for (const handler of handlers) {
    const answer = await callHandler(
      () => call(handler),
      (text, thrown) => onError(handler, text, thrown),
    )
    if (answer === false) return true
  }
  return false
}

/** Call one handler under the time limit. Returns what it returns; undefined when it fails. Never rejects. */
export async function callHandler(
  call: () => unknown,
  onError: (text: string, thrown: unknown) => void,
): Promise<unknown> {
  try {
    const answer = (async () => call())()
    return await withinOrThrow(HANDLER_TIMEOUT_S * SECOND_MS, answer, () => new JobTimeoutError(HANDLER_TIMEOUT_S))
  } catch (thrown) {
    onError(errorText(thrown), thrown)
    return undefined
  }
}
