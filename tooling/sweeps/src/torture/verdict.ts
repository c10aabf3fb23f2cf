import type { Run } from '@rq/testkit'
import { type Evidence, mayLoseLeases, RECONNECT_MS, SETTLE_MS, stallsOf, type Takeover } from './evidence.ts'
import { type KindName, kindOf } from './kinds.ts'
import type { Order } from './orders.ts'
import { judgeParking } from './parking.ts'

/** Why a job ran once more than it should. */
type Excuse = 'its worker died' | 'its work horse died' | 'its lease was lost' | 'it was enqueued again'

export interface Verdict {
  readonly acknowledged: number
  /** Acknowledged jobs that ended as they should. */
  readonly done: number
  /** Acknowledged jobs that never ended. */
  readonly lost: readonly string[]
  /** Jobs that were parked after three explained losses, done or not, and undone jobs that wait for one of them. */
  readonly parked: readonly string[]
  /** Jobs that were parked although fewer losses are explained, with the reports about them. */
  readonly parkedWrongly: readonly string[]
  /** Extra runs, by their reasons. */
  readonly again: Readonly<Record<Excuse, number>>
  /** Extra runs without a reason. */
  readonly unexplained: readonly string[]
  /** From the death of a worker until another one took over a job that it had begun, in ms, shortest first. */
  readonly recoveriesMs: readonly number[]
}

const PARENT = /-parent$/

/** Check what became of all jobs, by records that were made outside of Redis. */
export function judge(evidence: Evidence): Verdict {
  const runs = new Map<string, Run[]>()
  for (const run of evidence.runs) listOf(runs, run.jobId).push(run)
  for (const list of runs.values()) list.sort((one, other) => one.beganMs - other.beganMs)
  const { justified, unjustified } = judgeParking(evidence)
  const waitsFor = (jobs: { has(id: string): boolean }, id: string) => jobs.has(id) || jobs.has(`${id}-parent`)
  const acknowledged = evidence.orders.filter(({ ackedMs }) => ackedMs !== undefined)
  const undone = acknowledged.filter((order) => !isDone(order, runs))
  const again: Record<Excuse, number> = {
    'its worker died': 0,
    'its work horse died': 0,
    'its lease was lost': 0,
    'it was enqueued again': 0,
  }
  const unexplained: string[] = []
  for (const order of evidence.orders) {
    for (const excuse of excuses(order, runs.get(order.id) ?? [], evidence)) {
      if (excuse in again) again[excuse as Excuse] += 1
      else unexplained.push(excuse)
    }
  }
  return {
    acknowledged: acknowledged.length,
    done: acknowledged.length - undone.length,
    lost: undone.filter(({ id }) => !waitsFor(justified, id)).map(({ id, kind }) => `${id} (${kind})`),
    parked: [...new Set([...justified, ...undone.map(({ id }) => id).filter((id) => waitsFor(justified, id))])],
    parkedWrongly: [...unjustified.values()],
    again,
    unexplained,
    recoveriesMs: recoveries(evidence, runs),
  }
}

function isDone({ id, kind }: Order, runs: ReadonlyMap<string, readonly Run[]>): boolean {
  const all = runs.get(id) ?? []
  const { ends, hasCallback = false, runs: due } = wanted(id, kind)
  if (ends === 'broken') return all.length > 0
  if (all.filter(({ hasEnded, threw }) => hasEnded && !threw).length < due) return false
  return !hasCallback || runs.has(`${id}-success`)
}

function wanted(id: string, kind: KindName) {
  return kindOf(PARENT.test(id) ? 'plain' : kind)
}

/** A reason for each extra run, or else a description of it. */
function excuses(order: Order, runs: readonly Run[], evidence: Evidence): string[] {
  const { ends, runs: due } = wanted(order.id, order.kind)
  const extra = runs.filter(({ threw }) => !threw).length - (ends === 'broken' ? 1 : due)
  if (extra <= 0) return []
  // The last run is the one that was settled.
  const found = runs.slice(0, -1).map((run, n) => excuse(order, run, runs[n + 1], evidence))
  const good = found.filter((one) => one !== undefined)
  const bare = Math.max(0, extra - good.length)
  const story = runs.map(({ beganMs, hasEnded, lastMs, parentPid, pid }) => {
    return `${Math.round(beganMs)}-${Math.round(lastMs)}${hasEnded ? '' : '...'} in ${pid} of ${parentPid}`
  })
  return [
    ...good.slice(0, extra),
    ...Array.from({ length: bare }, () => `${order.id} (${order.kind}) ran again: ${story.join(', ')}`),
  ]
}

function excuse(order: Order, run: Run, next: Run | undefined, evidence: Evidence): Excuse | undefined {
  const { leaseMs, troubles, words } = evidence
  const span = { fromMs: run.beganMs, toMs: run.lastMs }
  const { untilMs } = stallsOf(run.parentPid, span, troubles)
  const died = troubles.some(
    ({ fromMs, kind, pid }) =>
      kind === 'death' && pid === run.parentPid && fromMs >= run.beganMs - SETTLE_MS && fromMs <= untilMs,
  )
  if (died) return 'its worker died'
  const horseDied = troubles.some(
    ({ fromMs, kind, pid }) =>
      kind === 'horse' && pid === run.pid && fromMs >= run.beganMs - SETTLE_MS && fromMs <= run.lastMs + SETTLE_MS,
  )
  if (horseDied) return 'its work horse died'
  const nextMs = next?.beganMs ?? Number.POSITIVE_INFINITY
  const lost = words.some(
    ({ jobId, ms, what }) =>
      what === 'lease_lost' && jobId === order.id && ms >= run.beganMs && ms <= nextMs + RECONNECT_MS + leaseMs,
  )
  if (lost || mayLoseLeases(run.parentPid, span, evidence)) return 'its lease was lost'
  // Documented: a job that left no trace, or was retried, before the call arrived again is enqueued again.
  const { ackedMs = Number.POSITIVE_INFINITY, kind } = order
  const isForgetful = kind === 'brief' || kind === 'flaky' || kind === 'later' || kind === 'repeat'
  return isForgetful && ackedMs > run.beganMs ? 'it was enqueued again' : undefined
}

/** How long the jobs that dead workers had begun waited until another worker took them over from those. */
function recoveries({ troubles, words }: Evidence, runs: ReadonlyMap<string, readonly Run[]>): number[] {
  const deaths = troubles.filter(({ kind }) => kind === 'death')
  const takeovers = new Map<string, Takeover[]>()
  for (const word of words) if (word.what !== 'lease_lost') listOf(takeovers, word.jobId).push(word)
  const found: number[] = []
  for (const [id, list] of runs) {
    for (const run of list) {
      const death = deaths.find(({ fromMs, pid }) => pid === run.parentPid && fromMs >= run.beganMs)
      if (death === undefined) continue
      const taken = takeovers.get(id)?.find(({ holder, ms }) => holder === run.parentPid && ms > death.fromMs)
      const next = list.find(({ beganMs }) => beganMs > run.beganMs)
      // Of several runs under one worker, the last one is the one that it died with.
      if (taken !== undefined && (next === undefined || next.beganMs > taken.ms)) found.push(taken.ms - death.fromMs)
    }
  }
  return found.sort((one, other) => one - other)
}

function listOf<T>(map: Map<string, T[]>, key: string): T[] {
  const known = map.get(key)
  if (known !== undefined) return known
  const list: T[] = []
  map.set(key, list)
  return list
}
