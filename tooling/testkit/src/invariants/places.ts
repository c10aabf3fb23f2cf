import { isJobId } from './field-rules.ts'
import type { State } from './state.ts'

const REGISTRIES = ['finished', 'failed', 'deferred', 'canceled', 'scheduled'] as const
/** The kind of key that holds the ids of jobs with this status. A `created` job is in none. */
const PLACE_OF_STATUS: Readonly<Record<string, string>> = {
  queued: 'queue',
  started: 'wip',
  finished: 'finished',
  failed: 'failed',
  stopped: 'failed',
  canceled: 'canceled',
  deferred: 'deferred',
  scheduled: 'scheduled',
  rate_limited: 'waiting',
}

interface Place {
  readonly kind: string
  readonly name: string
}

/** Each job is in the one place that its status names. */
export function places(state: State): string[] {
  const found: string[] = []
  const byJob = new Map<string, Place[]>()
  const note = (id: string, kind: string, name: string): void => {
    if (!isJobId(id)) found.push(`${kind} ${name} holds ${JSON.stringify(id)}, which is not a job id`)
    else if (state.job(id) !== undefined) byJob.set(id, [...(byJob.get(id) ?? []), { kind, name }])
    // Claim, recover, promotion, cleanup and maintenance drop such an id where they find one.
    else if (!isFiniteEnd(kind, state.score(kind, name, id))) {
      found.push(`${kind} ${name} holds ${id}, which is no job and is never dropped`)
    }
  }
  for (const kind of ['queue', 'waiting', ...REGISTRIES]) {
    for (const name of state.all(kind).keys()) for (const id of state.members(kind, name)) note(id, kind, name)
  }
  for (const queue of state.all('wip').keys()) {
    for (const member of state.members('wip', queue)) {
      const [id = '', execution] = member.split(':')
      if (execution === undefined) found.push(`wip ${queue} holds ${member}, which names no execution`)
      // It only holds a slot of a rate limit: its job was canceled, replaced or deleted.
      else if (state.fields('held slots', '')?.has(member)) continue
      // The lease of an execution that was replaced is dropped when it ends.
      else if (state.job(id) === undefined || state.job(id)?.get('execution_id') === execution) note(id, 'wip', queue)
    }
  }
  for (const id of state.all('job').keys()) found.push(...placeFaults(state, id, byJob.get(id) ?? []))
  return found
}

/** Whether the entry of a job that is gone is dropped in time. */
function isFiniteEnd(kind: string, score: number): boolean {
  return (kind !== 'finished' && kind !== 'failed') || (score >= 0 && Number.isFinite(score))
}

function placeFaults(state: State, id: string, found: readonly Place[]): string[] {
  const job = state.job(id)
  const status = state.status(id) ?? ''
  const kind = PLACE_OF_STATUS[status]
  const where = found.map((place) => `${place.kind} ${place.name}`).join(', ')
  if (found.length === 0) {
    if (state.isSetAside(id)) return []
    const expires = (state.all('job').get(id)?.ttlMs ?? -1) >= 0
    if (kind === undefined || (expires && (kind === 'finished' || kind === 'failed'))) return []
    return [`job ${id} (${status}) is nowhere${expires ? '' : ' and does not expire'}`]
  }
  if (found.length > 1) return [`job ${id} (${status}) is in ${found.length} places: ${where}`]
  const name = kind === 'waiting' ? job?.get('rate_limit_key') : job?.get('origin')
  const [place] = found
  if (place?.kind === kind && place?.name === name) return []
  return [`job ${id} (${status}, of ${name}) is in ${where}`]
}
