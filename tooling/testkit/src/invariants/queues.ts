import type { State } from './state.ts'

/** The id of the job that took the key, and perhaps until when it holds it at least. */
const UNIQUE_ENTRY = /^[A-Za-z0-9_-]{1,200}( \d+)?$/

/** Every queue with jobs is listed, and says for each of its unique keys which job took it. */
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
  return found
}
