import type { State } from './state.ts'

/** The id of the job that took the key, and perhaps until when it holds it at least. */
const UNIQUE_ENTRY = /^[A-Za-z0-9_-]{1,200}( \d+)?$/

/** The order in which jobs ended is kept only for a limit. */
const LIMITS: Readonly<Record<string, string>> = { 'finished order': 'keep_finished', 'failed order': 'keep_failed' }

/** Every queue with jobs is listed, says which job took each of its unique keys, and has limits that are numbers. */
export function queues(state: State): string[] {
  const found: string[] = []
  for (const queue of state.all('queue').keys()) {
    if (!state.members('queues').includes(`${state.prefix}queue:${queue}`))
      found.push(`queue ${queue} is not in queues`)
  }
  for (const queue of state.all('unique keys').keys()) {
    for (const [key, entry] of state.fields('unique keys', queue) ?? []) {
      if (!UNIQUE_ENTRY.test(entry)) found.push(`unique keys of ${queue} have ${JSON.stringify(entry)} for ${key}`)
    }
  }
  for (const [kind, field] of Object.entries(LIMITS)) {
    for (const queue of state.all(kind).keys()) {
      if (state.fields('configuration', queue)?.has(field) !== true)
        found.push(`queue ${queue} has a ${kind} without a limit`)
    }
  }
  for (const queue of state.all('configuration').keys()) {
    for (const [field, limit] of state.fields('configuration', queue) ?? []) {
      if (!Object.values(LIMITS).includes(field) || !/^\d+$/.test(limit))
        found.push(`configuration of ${queue} has ${JSON.stringify(limit)} for ${field}`)
    }
  }
  return found
}
