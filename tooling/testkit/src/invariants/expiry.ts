import type { State } from './state.ts'

const ENDED = ['finished', 'failed', 'stopped']

/** Only a job that is over expires, or one with a `ttl` that has not started; messages always do. */
export function expiry(state: State): string[] {
  const found: string[] = []
  for (const [id, { ttlMs }] of state.all('job')) {
    const status = state.status(id) ?? ''
    const isOver = ENDED.includes(status)
    const hasTtl = state.job(id)?.has('ttl') === true
    if (ttlMs >= 0 && !isOver && (status === 'started' || !hasTtl)) found.push(`job ${id} (${status}) expires`)
    if (isOver) found.push(...endFaults(state, id, status, ttlMs))
  }
  return [...found, ...messageFaults(state)]
}

/** For so long the messages of a job that has ended are kept. */
const KEPT_AFTER_END_MS = 60_000

/** Messages expire: soon, of a job that has ended. What was posted to it is gone. */
function messageFaults(state: State): string[] {
  const found: string[] = []
  for (const kind of ['messages', 'posts'] as const) {
    for (const [id, { ttlMs }] of state.all(kind)) {
      if (ttlMs < 0) found.push(`the ${kind} of job ${id} never expire`)
      // Without the field the list is that of an earlier job of the id.
      const isEnded = ENDED.includes(state.status(id) ?? '') && state.job(id)?.has('messages') === true
      const mayTakeMs = kind === 'messages' ? KEPT_AFTER_END_MS : 0
      if (isEnded && ttlMs > mayTakeMs)
        found.push(`the ${kind} of job ${id}, which has ended, are kept for ${ttlMs} ms`)
    }
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
