import { CAUSE, DURING } from './error-text.ts'

const LONGEST_CAUSE = 500
/** The line of a stack that has the message: the stack of a syntax error begins with the place, and the code there. */
const MESSAGE = /^(?!\s).*?(?:Error|Exception)\b.*?: .*$/m

/**
 * The last line of a stored error, its summary: `TypeError: x is not a function`; and the message of its cause, if the
 * summary lacks it.
 */
export function storedSummary(text: string): string {
  const lines = text.trimEnd().split('\n')
  const summary = lines.at(-1)?.trim() || 'no error was stored'
  const [, cause] = (lines.slice(0, -1).join('\n').split(DURING).at(-1) ?? '').split(`\n${CAUSE}`)
  if (cause === undefined) return summary
  const line = (MESSAGE.exec(cause)?.[0] ?? cause.split('\n')[0] ?? '').slice(0, LONGEST_CAUSE)
  const message = line.slice(line.indexOf(': ') + 1).trim()
  return summary.includes(message) ? summary : `${summary} (cause: ${line})`
}
