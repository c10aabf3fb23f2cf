import { SECOND_MS } from '@rq/core'
import type { State } from './state.ts'

/** Every schedule is listed, and what is listed is a schedule. */
export function schedules(state: State): string[] {
  const found: string[] = []
  const names = new Set(state.members('schedules'))
  for (const name of names) if (state.fields('schedule', name) === undefined) found.push(`there is no schedule ${name}`)
  for (const name of state.all('schedule').keys()) if (!names.has(name)) found.push(`schedule ${name} is not listed`)
  for (const queue of state.all('queue schedules').keys()) {
    for (const name of state.members('queue schedules', queue)) {
      const schedule = state.fields('schedule', name)
      const dueMs = Math.round(state.score('queue schedules', queue, name) * SECOND_MS)
      const isRight = schedule?.get('queue') === queue && schedule.get('next') === String(dueMs)
      if (!isRight) found.push(`queue ${queue} has schedule ${name} at ${dueMs}, which is not its next tick`)
    }
  }
  return found
}
