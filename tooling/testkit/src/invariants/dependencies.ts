import type { State } from './state.ts'

/** A deferred job waits for at least one job that may still satisfy it. */
export function dependencies(state: State): string[] {
  const found: string[] = []
  for (const id of state.all('job').keys()) {
    if (state.status(id) !== 'deferred') continue
    // Very many dependencies of one job are checked in several steps.
    if (state.fields('unchecked', '')?.has(id)) continue
    const allowFailure = state.job(id)?.get('allow_dependency_failures') === '1'
    const others = state.members('dependencies', id)
    // Many dependents of one job are released in several steps.
    if (others.some((other) => state.members('set aside', other).includes(id))) continue
    const statuses = others.map((other) => state.status(other))
    const unmet = others.filter((_, n) => {
      const status = statuses[n]
      return status !== undefined && status !== 'finished' && !(allowFailure && status === 'failed')
    })
    // Deleting a job does not release its dependents, so a job may be left waiting for one that is gone.
    if (unmet.length === 0 && statuses.every((status) => status !== undefined)) {
      found.push(`job ${id} is deferred, but all it waits for is over: ${others.join(', ')}`)
    }
    for (const other of unmet) {
      if (!state.members('dependents', other).includes(id)) {
        found.push(`job ${id} is deferred for ${other}, which does not list it as a dependent`)
      }
    }
  }
  for (const other of state.all('set aside').keys()) {
    if (!state.fields('releasing', '')?.has(other))
      found.push(`dependents of ${other} are set aside, but not listed in releasing`)
  }
  return found
}
