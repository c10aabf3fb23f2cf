import type { ShownJobNames } from '@rq/job'

const MOST_LOGGED = 50
const MOST_SHOWN = 200
/** Of the names as JSON. */
const MOST_SHOWN_BYTES = 8 * 1024

/** The line that a worker logs of the jobs that it knows by name. */
export function knownJobs(names: readonly string[]): string {
  const more = names.length > MOST_LOGGED ? ` and ${names.length - MOST_LOGGED} more` : ''
  return `Jobs known by name: ${names.slice(0, MOST_LOGGED).join(', ') || 'none'}${more}`
}

/** What a worker's record shows of them: the first ones that have room. */
export function shownJobNames(names: readonly string[]): ShownJobNames {
  const shown: string[] = []
  let bytes = 0
  for (const name of names.slice(0, MOST_SHOWN)) {
    bytes += Buffer.byteLength(JSON.stringify(name)) + ','.length
    if (bytes > MOST_SHOWN_BYTES) break
    shown.push(name)
  }
  return { names: shown, more: names.length - shown.length }
}
