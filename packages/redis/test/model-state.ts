import type { JobRecord, JobStatus, MessageSource } from '@rq/job'
import type { RedisSnapshot } from '@rq/testkit'
import type { MemoryData } from '@rq/testkit/memory-storage'
import { IDS, QUEUES } from './model-steps.ts'

/** What is where, by the keys of Redis. Lists in order, everything else sorted; what is empty is left out. */
export type State = Record<string, unknown>

const PLACES =
  /^(queue:|rl:.*:(rate_limited|allowed)$|group:|job:.*:dependents$|job::|finished:|failed:|canceled:|deferred:|scheduled:|wip:)/
const WAITING: readonly JobStatus[] = ['queued', 'scheduled', 'rate_limited']
/** Keys that hold nothing of this state, or what {@link factsOf} compares. */
const OTHERS =
  /^(queues|groups|unique:.*|rl-keys|rl-held|paused:.*|configuration:.*|(finished|failed)-order:.*|rl:[^:]*|results:.*|execution:.*|executions:.*|worker:.*|workers.*|schedules?(:.*)?|schedule-jobs:.*|broken:.*|refused:.*)$/

const MESSAGE_LISTS: readonly [word: string, from: MessageSource][] = [
  ['messages', 'job'],
  ['posts', 'outside'],
]
/** Number, bytes, attempt, time, call. */
const MESSAGE_HEADER = /^(\d+) \d+ (\d+) \d+ [0-9a-f]+\n/
/** Messages of a job that is over are kept for no longer. */
const ENDED_MS = 60_000

/** `nameOf` gives an execution the name that it has in both storages. */
export function stateOfMemory(data: MemoryData, nameOf: (executionId: string) => string): State {
  const state: State = {}
  const mayExpire = (id: string) =>
    WAITING.includes(data.status(id) ?? 'created') && data.jobs.endsMs(id) !== Number.POSITIVE_INFINITY
  const put = (key: string, ids: Iterable<string>, sorted = true): void => {
    const list = sorted ? [...ids].sort() : [...ids]
    if (list.length > 0) state[key] = list
  }
  for (const name of QUEUES) {
    put(`queue:${name}`, data.queue(name).ids(), false)
    for (const kind of ['finished', 'failed', 'canceled', 'deferred', 'scheduled'] as const) {
      put(`${kind}:${name}`, data.registry(name, kind).ids())
    }
    const leases = [...data.leases(name).values()]
    put(
      `wip:${name}`,
      leases.map(({ executionId, jobId }) => `${jobId}:${nameOf(executionId)}`),
    )
  }
  for (const [key, { holders, waiting }] of data.limits) {
    put(`rl:${key}:rate_limited`, byScore(waiting), false)
    put(
      `rl:${key}:allowed`,
      [...holders.keys()].map((name) => nameLease(name, nameOf)),
    )
  }
  for (const [name, members] of data.groups) put(`group:${name}`, members)
  for (const [id, dependents] of data.dependents) put(`job:${id}:dependents`, dependents)
  for (const id of IDS) {
    const stored = data.jobs.get(id)
    if (stored === undefined) continue
    put(`job::${id}:dependencies`, stored.waitsFor)
    state[`job:${id}`] = { expires: data.jobs.endsMs(id) !== Number.POSITIVE_INFINITY }
  }
  put('expiring', IDS.filter(mayExpire))
  for (const id of IDS) {
    for (const [word, from] of MESSAGE_LISTS) {
      const list = data.messages.get(`${from}:${id}`)
      const job = data.jobs.get(id)
      if (list === undefined || (job !== undefined && list.of !== job)) continue
      const texts = list.kept.map(({ attempt, number, payload }) => `${number} ${attempt} ${payload}`)
      state[`${word}:${id}`] = { texts, isEnded: list.endsMs - data.nowMs <= ENDED_MS }
    }
  }
  return state
}

export function stateOfRedis({ keys }: RedisSnapshot, nameOf: (executionId: string) => string): State {
  const state: State = {}
  for (const [key, entry] of keys) {
    if (PLACES.test(key)) {
      const isOrdered = entry.type === 'list' || key.endsWith(':rate_limited')
      const members = entry.type === 'zset' ? byScore(entry.value) : [...(entry.value as readonly string[])]
      const hasLeases = key.startsWith('wip:') || key.endsWith(':allowed')
      const named = hasLeases ? members.map((member) => nameLease(member, nameOf)) : members
      state[key] = isOrdered ? named : named.sort()
    } else if (key === 'expiring') {
      // What a note says of a job that is gone shows when its id is used again.
      const noted = IDS.filter((id) => (entry.value as ReadonlyMap<string, string>).has(id) && keys.has(`job:${id}`))
      if (noted.length > 0) state[key] = noted
    } else if (/^job:[^:]+$/.test(key)) {
      state[key] = { expires: entry.ttlMs >= 0 }
    } else if (/^(messages|posts):/.test(key)) {
      const job = keys.get(`job:${key.replace(/^\w+:/, '')}`)
      // Of an earlier job of the id.
      if (job !== undefined && !(job.value as ReadonlyMap<string, string>).has('messages')) continue
      const texts = (entry.value as readonly string[]).map((text) => text.replace(MESSAGE_HEADER, '$1 $2 '))
      state[key] = { texts, isEnded: entry.ttlMs <= ENDED_MS }
    } else if (!OTHERS.test(key)) {
      state[key] = 'is not expected'
    }
  }
  return state
}

/** Later than all times that a step gives a job: the clock of the store. */
const CLOCK_MS = 1_790_001_000_000

/** All that is stored of a job, except what the two clocks say. */
export function factsOf(record: JobRecord | undefined, nameOf: (executionId: string) => string): unknown {
  if (record === undefined) return undefined
  const { createdAtMs, endedAtMs, enqueuedAtMs, executionId, lastHeartbeatMs, startedAtMs, ...facts } = record
  return {
    ...facts,
    created: createdAtMs > CLOCK_MS ? 'by the store' : createdAtMs,
    execution: executionId && nameOf(executionId),
    has: [endedAtMs, enqueuedAtMs, lastHeartbeatMs, startedAtMs].map((time) => time !== undefined),
  }
}

function nameLease(member: string, nameOf: (executionId: string) => string): string {
  const [jobId = '', executionId, ...rest] = member.split(':')
  return executionId === undefined ? jobId : [jobId, nameOf(executionId), ...rest].join(':')
}

function byScore(members: ReadonlyMap<string, number>): string[] {
  return [...members].sort(([, a], [, b]) => a - b).map(([member]) => member)
}
