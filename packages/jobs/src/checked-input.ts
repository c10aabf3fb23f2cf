import { RqError } from '@rq/core'
import { type InputIssue, inputInvalid } from '@rq/queue'
import type { StandardSchemaV1 } from '@standard-schema/spec'

/**
 * The output of a schema for the input of a job. At once, unless the schema is asynchronous.
 * @param at - where the input is in a list, for the message.
 * @throws RqError `RQ_INPUT_INVALID`; what the schema throws.
 */
export function parseInput(
  name: string,
  schema: StandardSchemaV1,
  input: unknown,
  at: readonly number[] = [],
): unknown {
  const result = schema['~standard'].validate(input)
  return result instanceof Promise ? result.then((later) => outputOf(name, later, at)) : outputOf(name, result, at)
}

/**
 * Check an input before it is written. Returns a promise only if the schema is asynchronous.
 * @throws RqError `RQ_INPUT_INVALID`, also when the schema throws: its error is the cause.
 */
export function checkInput(
  name: string,
  schema: StandardSchemaV1 | undefined,
  input: unknown,
  at?: readonly number[],
): void | Promise<void> {
  if (schema === undefined) return undefined
  let parsed: unknown
  try {
    parsed = parseInput(name, schema, input, at)
  } catch (thrown) {
    throw asInputInvalid(name, thrown)
  }
  if (!(parsed instanceof Promise)) return undefined
  return parsed.then(
    () => {},
    (thrown) => {
      throw asInputInvalid(name, thrown)
    },
  )
}

function outputOf(name: string, result: StandardSchemaV1.Result<unknown>, at: readonly number[]): unknown {
  if (result.issues) throw inputInvalid(name, at.length === 0 ? result.issues : result.issues.map(below(at)))
  return result.value
}

function below(at: readonly number[]): (issue: InputIssue) => InputIssue {
  return ({ message, path = [] }) => ({ message, path: [...at, ...path] })
}

/** Only the name of what was thrown: its message may quote the input. */
function asInputInvalid(name: string, thrown: unknown): RqError {
  if (thrown instanceof RqError) return thrown
  const what = thrown instanceof Error ? thrown.name : typeof thrown
  const message = `The input of "${name}" could not be checked: its schema threw ${what}. Nothing was written.`
  return new RqError('RQ_INPUT_INVALID', message, { details: { job: name }, cause: thrown })
}
