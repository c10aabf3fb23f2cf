const MOST_NAMES = 50

/** The line that a worker logs of the jobs that it knows by name. */
export function knownJobs(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : ''
  return `Jobs known by name: ${names.slice(0, MOST_NAMES).join(', ') || 'none'}${more}`
}
