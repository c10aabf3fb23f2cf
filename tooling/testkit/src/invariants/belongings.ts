import type { State } from './state.ts'

/** The other keys of a job exist and expire with it. */
export function belongings(state: State): string[] {
  const found: string[] = []
  for (const kind of ['results', 'dependencies', 'dependents', 'executions']) {
    for (const [id, { ttlMs }] of state.all(kind)) {
      if (state.job(id) !== undefined || ttlMs >= 0) continue
      // Jobs may wait for one that never existed, or is gone.
      const isWaitedFor =
        kind === 'dependents' && state.members(kind, id).some((other) => state.job(other) !== undefined)
      if (!isWaitedFor) found.push(`${kind} of ${id} has no job and does not expire`)
    }
  }
  for (const [name, { ttlMs }] of state.all('execution')) {
    const [id, execution] = name.split(':')
    const fields = state.fields('execution', name)
    if (ttlMs < 0) found.push(`execution ${name} does not expire`)
    if (fields?.get('job_id') !== id || fields?.get('id') !== execution)
      found.push(`execution ${name} names another one`)
  }
  for (const [name, { ttlMs }] of state.all('executions')) {
    if (ttlMs < 0) found.push(`executions ${name} does not expire`)
  }
  return found
}
