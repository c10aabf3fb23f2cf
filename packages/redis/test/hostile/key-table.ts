/** The types of Redis that keys of rq have. */
export type KeyType = 'hash' | 'list' | 'set' | 'stream' | 'string' | 'zset'

export interface KeyRow {
  /** As docs/redis-schema.md writes it; a name in it that others choose is in angle brackets: `rq:queue:<q>`. */
  readonly key: string
  readonly type: KeyType
  /** Whether a job that is in it can go no further when a key of another type is in its place. Default false. */
  readonly holdsJobs?: true
}

/** Every key of docs/redis-schema.md; `schema.test.ts` compares the two. */
export const KEYS: readonly KeyRow[] = [
  { key: 'rq:queues', type: 'set' },
  { key: 'rq:queue:<q>', type: 'list', holdsJobs: true },
  { key: 'rq:job:<id>', type: 'hash', holdsJobs: true },
  { key: 'rq:job:<id>:dependents', type: 'set' },
  { key: 'rq:job::<id>:dependencies', type: 'set', holdsJobs: true },
  { key: 'rq:unchecked', type: 'hash' },
  { key: 'rq:releasing', type: 'hash' },
  { key: 'rq:releasing:<id>', type: 'set' },
  { key: 'rq:expiring', type: 'hash' },
  { key: 'rq:results:<id>', type: 'stream' },
  { key: 'rq:messages:<id>', type: 'list' },
  { key: 'rq:posts:<id>', type: 'list' },
  { key: 'rq:wip:<q>', type: 'zset', holdsJobs: true },
  { key: 'rq:finished:<q>', type: 'zset' },
  { key: 'rq:failed:<q>', type: 'zset' },
  { key: 'rq:deferred:<q>', type: 'zset', holdsJobs: true },
  { key: 'rq:canceled:<q>', type: 'zset' },
  { key: 'rq:scheduled:<q>', type: 'zset', holdsJobs: true },
  { key: 'rq:queue:<q>:intermediate', type: 'list', holdsJobs: true },
  { key: 'rq:stuck:<q>', type: 'hash', holdsJobs: true },
  { key: 'rq:ready:<q>', type: 'zset', holdsJobs: true },
  { key: 'rq:scheduler-lock:<q>', type: 'string', holdsJobs: true },
  { key: 'rq:scheduler:<s>', type: 'hash' },
  { key: 'rq:cron_schedulers', type: 'zset' },
  { key: 'rq:cron_scheduler:<s>', type: 'hash' },
  { key: 'rq:cron_state:<c>', type: 'hash' },
  { key: 'rq:cron_job:<c>:jobs', type: 'zset' },
  { key: 'rq:schedules', type: 'zset' },
  { key: 'rq:schedules:<q>', type: 'zset' },
  { key: 'rq:schedule:<n>', type: 'hash' },
  { key: 'rq:schedule-jobs:<n>', type: 'zset' },
  { key: 'rq:execution:<id>:<ex>', type: 'hash' },
  { key: 'rq:executions:<id>', type: 'zset' },
  { key: 'rq:workers', type: 'set' },
  { key: 'rq:workers:<q>', type: 'set' },
  { key: 'rq:worker:<w>', type: 'hash' },
  { key: 'rq:worker:<w>:executions', type: 'set' },
  { key: 'rq:maintenance', type: 'string' },
  { key: 'rq:maintenance:<q>', type: 'string' },
  { key: 'rq:broken:<q>', type: 'zset' },
  { key: 'rq:refused:<q>', type: 'hash' },
  { key: 'rq:suspended', type: 'string' },
  { key: 'rq:paused:<q>', type: 'string', holdsJobs: true },
  { key: 'rq:configuration:<q>', type: 'hash' },
  { key: 'rq:finished-order:<q>', type: 'zset' },
  { key: 'rq:failed-order:<q>', type: 'zset' },
  { key: 'rq:groups', type: 'set' },
  { key: 'rq:group:<g>', type: 'set' },
  { key: 'rq:rl-keys', type: 'set' },
  { key: 'rq:rl:<k>', type: 'hash', holdsJobs: true },
  { key: 'rq:rl:<k>:allowed', type: 'zset', holdsJobs: true },
  { key: 'rq:rl:<k>:rate_limited', type: 'zset', holdsJobs: true },
  { key: 'rq:rl-held', type: 'hash' },
  { key: 'rq:unique:<q>', type: 'hash' },
]

/** Every channel of docs/redis-schema.md. */
export const CHANNELS: readonly string[] = [
  'rq:pubsub:<w>',
  'rq:notify:<c>',
  'rq:notify:scheduled',
  'rq:notify:schedules',
  'rq:notify:scheduler',
  'rq:events:<q>',
  'rq:listeners:<q>',
]

/** A key of the table and the names in it. */
export interface KnownKey {
  readonly row: KeyRow
  readonly names: Readonly<Record<string, string>>
}

/** The longest row that a key fits. `name`: without the prefix. */
export function rowOf(name: string): KnownKey | undefined {
  const found = KEYS.flatMap((row) => {
    const match = patternOf(row.key).exec(`rq:${name}`)
    return match === null ? [] : [{ row, names: { ...match.groups } }]
  })
  return found.sort((a, b) => b.row.key.length - a.row.key.length)[0]
}

function patternOf(key: string): RegExp {
  return new RegExp(`^${key.replace(/<(\w+)>/g, '(?<$1>.+)')}$`)
}
