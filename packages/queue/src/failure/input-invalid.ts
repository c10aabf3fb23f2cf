import { oneLine, RqError } from '@rq/core'

/** What a schema says of a value that does not fit it. That of any Standard Schema. */
export interface InputIssue {
  readonly message: string
  /** Where in the input: keys, or objects that have the key as `key`. Absent: the input itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

const MOST_ISSUES = 10
const LONGEST_ISSUE = 300

/**
 * The error `RQ_INPUT_INVALID` for the input of a job that does not fit its schema. A job that throws it fails at once,
 * whatever retries are left: they stay, for a requeue. It shows what the schema says, and nothing of the input; its
 * details have the first 10 of the `issues`, each with its `path` and `message`.
 * @param name - of the job.
 */
export function inputInvalid(name: string, issues: readonly InputIssue[]): RqError {
  const shown = issues.slice(0, MOST_ISSUES).map(({ message, path = [] }) => ({
    path: cut(path.map(keyOf).join('.')),
    message: cut(message),
  }))
  const lines = shown.map(({ message, path }) => (path === '' ? message : `${path}: ${message}`))
  const left = issues.length - shown.length
  const more = left > 0 ? `; and ${left} more` : ''
  const why = lines.length > 0 ? `: ${lines.join('; ')}${more}` : ''
  return new RqError('RQ_INPUT_INVALID', `The input of "${oneLine(name)}" does not fit its schema${why}.`, {
    details: { job: name, issues: shown },
  })
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === 'object' ? segment.key : segment)
}

function cut(text: string): string {
  return oneLine(String(text).slice(0, LONGEST_ISSUE))
}
