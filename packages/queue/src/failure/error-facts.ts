import { errorMessage, errorName, errorText } from './error-text.ts'
import { remoteText } from './remote-error.ts'

/** An error as data, for places that the thrown value itself cannot reach: another process, the store. */
export interface ErrorFacts {
  /** Its class name. */
  readonly name: string
  readonly message: string
  /** The string that is stored with the job: see {@link errorText}. */
  readonly text: string
  /** Its code and fields for a reader in another process: see {@link remoteText}. */
  readonly remote?: string | undefined
}

/** The facts about anything that was thrown. Never throws. */
export function errorFacts(thrown: unknown, text = errorText(thrown)): ErrorFacts {
  return { name: errorName(thrown), message: errorMessage(thrown), text, remote: remoteText(thrown) }
}

/** An Error with this name and message, and with the text as its stack. */
export function errorFromFacts({ name, message, text }: ErrorFacts): Error {
  const error = new Error(message)
  error.name = name
  error.stack = text
  return error
}
