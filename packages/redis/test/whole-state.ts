import type { RedisDump, RedisFixture } from '@rq/testkit'

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const EXECUTION = /[0-9a-f]{12}[0-9a-f]{8}/g

/**
 * Times are rounded to this many seconds, since a slow machine takes some for a step. All times in the tests are
 * multiples of it.
 */
const GRAIN_S = 15

/**
 * A state with what differs from run to run named instead: times, executions, scores that are a time from `nowS`. A key
 * that expires says when.
 */
export function named(dump: RedisDump, nowS = Date.now() / 1000): Record<string, unknown> {
  const text = (value: unknown) =>
    typeof value === 'string' ? value.replace(TIME, '<time>').replace(EXECUTION, '<execution>') : value
  const score = (value: number) =>
    Math.abs(value - nowS) < 60 * 60 * 24 * 365 * 200 && value > nowS - 60
      ? `now+${Math.abs(Math.round((value - nowS) / GRAIN_S) * GRAIN_S)}`
      : value
  return Object.fromEntries(
    Object.entries(dump).map(([key, { type, ttl, value }]) => {
      const name = ttl === -1 ? key : `${key} (${Math.ceil(ttl / GRAIN_S) * GRAIN_S} s)`
      if (type === 'zset') {
        return [name, Object.fromEntries(Object.entries(value).map(([member, at]) => [text(member), score(at)]))]
      }
      if (type === 'hash') {
        return [name, Object.fromEntries(Object.entries(value).map(([field, at]) => [text(field), text(at)]))]
      }
      return [name, type === 'stream' ? `${value.length} entries` : value]
    }),
  )
}

/** A later state, with the times to live of an earlier one where they have only gone on. */
export function withTtlsOf(before: RedisDump, after: RedisDump): RedisDump {
  const entries = Object.entries(after).map(([key, one]) => {
    const earlier = before[key]?.ttl ?? -1
    const hasGoneOn = one.ttl >= 0 && one.ttl <= earlier && earlier - one.ttl < GRAIN_S
    return [key, hasGoneOn ? { ...one, ttl: earlier } : one] as const
  })
  return Object.fromEntries(entries)
}

/** Of a plain job that waits. */
export const NEW_HASH = {
  status: 'queued',
  enqueued_at: '<time>',
  created_at: '<time>',
  data: '["jobs#work",null,[1],{}]',
  origin: 'default',
  last_heartbeat: '',
  description: 'jobs#work(1)',
  timeout: '180',
}
/** Of one that runs. */
export const CLAIMED_HASH = {
  ...NEW_HASH,
  status: 'started',
  started_at: '<time>',
  worker_name: 'worker',
  execution_id: '<execution>',
}

type State = Record<string, unknown>

/**
 * What a step changed in the whole state, and nothing else: keys with their new values, those of hashes by field, null
 * for what is gone.
 */
export async function changesBy(redis: RedisFixture, step: () => Promise<unknown>): Promise<State> {
  const nowS = Date.now() / 1000
  const before = named(await redis.dump(), nowS)
  await step()
  return differences(before, named(await redis.dump(), nowS))
}

function differences(before: State, after: State): State {
  const changes: State = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[key], after[key]]
    if (JSON.stringify(old) === JSON.stringify(now)) continue
    if (now === undefined) changes[key] = null
    else changes[key] = isFields(old) && isFields(now) ? differences(old, now) : now
  }
  return changes
}

function isFields(value: unknown): value is State {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
