import type { State } from './state.ts'

/** A limit is held by no more jobs than it allows, each of which may hold it; and none waits while a slot is free. */
export function rateLimits(state: State): string[] {
  const found: string[] = []
  const names = new Set([...state.all('slots').keys(), ...state.all('waiting').keys()])
  for (const name of names) {
    const holders = state.members('slots', name)
    const concurrency = Number(state.fields('limit', name)?.get('concurrency'))
    if (!state.members('limits').includes(name)) found.push(`rate limit ${name} is not in rl-keys`)
    if (!Number.isInteger(concurrency)) found.push(`rate limit ${name} has no concurrency`)
    if (holders.length > concurrency)
      found.push(`rate limit ${name} of ${concurrency} is held by ${holders.length} jobs`)
    for (const holder of holders) {
      for (const fault of holderFaults(state, name, holder)) found.push(`rate limit ${name} is held by ${fault}`)
    }
    const waits = state.members('waiting', name).filter((id) => state.status(id) === 'rate_limited')
    if (waits.length > 0 && holders.length < concurrency) {
      found.push(`rate limit ${name} has a free slot while ${waits.join(', ')} waits`)
    }
  }
  for (const id of state.all('job').keys()) {
    const name = state.job(id)?.get('rate_limit_key')
    const status = state.status(id) ?? ''
    if (name === undefined || !['queued', 'started'].includes(status) || state.isSetAside(id)) continue
    if (!state.members('slots', name).includes(id)) found.push(`job ${id} (${status}) holds no slot of ${name}`)
  }
  return found
}

/** @param holder - a job; or a job, its execution and its queue, when only a lease still holds the slot. */
function holderFaults(state: State, name: string, holder: string): string[] {
  const [jobId, execution, ...queue] = holder.split(':')
  if (execution !== undefined) {
    const lease = `${jobId}:${execution}`
    const isListed = state.fields('held slots', '')?.get(lease) === name
    const isLeased = state.members('wip', queue.join(':')).includes(lease)
    return [
      ...(isListed ? [] : [`${lease}, which is not in rl-held`]),
      ...(isLeased ? [] : [`${lease}, which has no lease`]),
    ]
  }
  const status = state.status(holder)
  if (status !== 'queued' && status !== 'started') return [`${holder}, which is ${status ?? 'no job'}`]
  return state.job(holder)?.get('rate_limit_key') === name ? [] : [`${holder}, which has another limit`]
}
