import type { State } from './state.ts'

/** Only a job that is over expires, or one with a `ttl` that has not started; messages always do. */
export function expiry(state: State): string[] {
  const found: string[] = []
  for (const [id, { ttlMs }] of state.all('job')) {
    const status = state.status(id) ?? ''
    const isOver = ['finished', 'failed', 'stopped'].includes(status)
    const hasTtl = state.job(id)?.has('ttl') === true
    if (ttlMs >= 0 && !isOver && (status === 'started' || !hasTtl)) found.push(`job ${id} (${status}) expires`)
    if (isOver) found.push(...endFaults(state, id, status, ttlMs))
  }
  for (const kind of ['messages', 'posts'] as const) {
    for (const [id, { ttlMs }] of state.all(kind)) if (ttlMs < 0) found.push(`the ${kind} of job ${id} never expire`)
  }
  return found
}

/** A job that has ended expires with its entry in the registry, or neither does. */
function endFaults(state: State, id: string, status: string, ttlMs: number): string[] {
  const kind = status === 'finished' ? 'finished' : 'failed'
  const score = state.score(kind, state.job(id)?.get('origin') ?? '', id)
  if (Number.isNaN(score)) return []
  const keptForEver = score === Number.POSITIVE_INFINITY || score === -1
  if (keptForEver !== ttlMs < 0)
    return [
      `job ${id} (${status}) ${ttlMs < 0 ? 'never expires' : 'expires'}, its entry in ${kind} ${keptForEver ? 'never' : 'does'}`,
    ]
  const apartS = keptForEver ? 0 : Math.abs(state.nowS + ttlMs / 1000 - score)
  return apartS > 2 ? [`job ${id} (${status}) does not expire with its entry in ${kind}`] : []
}
