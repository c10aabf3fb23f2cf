import { SECOND_MS } from '@rq/core'
import type { ServerFacts } from 'rq'
import { shortDuration } from '../output/time-text.ts'
import { type Check, note, ok, problem, warning } from './finding.ts'

/** The oldest versions that rq works with. */
const OLDEST: Readonly<Record<string, readonly [major: number, minor: number]>> = { Redis: [7, 0], Valkey: [7, 2] }
const SLOW_PING_MS = 10
const SKEWED_MS = 2 * SECOND_MS
const NEARLY_FULL = 0.8
const FULL = 0.95
const GB = 1024 ** 3
const MB = 1024 ** 2

export const version: Check = ({ server }) => {
  const { info, product } = server
  if (info.size === 0) return note('Server', 'Its version is not known: the user may not send INFO.')
  const name = `${product} ${server.version}, ${info.get('redis_mode') ?? 'mode unknown'}`
  const oldest = OLDEST[product]
  if (oldest === undefined) {
    return warning('Server', `${name}. rq is not tested with ${product}.`, 'Use Redis 7.0 or Valkey 7.2, or newer.')
  }
  const [major = 0, minor = 0] = server.version.split('.').map(Number)
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    return problem(
      'Server',
      `${name} is too old for the scripts of rq.`,
      `Use ${product} ${oldest.join('.')} or newer.`,
    )
  }
  return ok('Server', name)
}

export const role: Check = ({ server }) =>
  server.info.get('role') === 'slave'
    ? problem('Role', 'This is a replica, which takes no writes.', 'Use the address of its master, or Sentinel.')
    : []

export const eviction: Check = ({ server }) => {
  const policy = server.info.get('maxmemory_policy')
  if (policy === undefined) return note('Eviction', 'The maxmemory-policy is not known: the user may not send INFO.')
  if (policy === 'noeviction') return ok('Eviction', 'noeviction: Redis deletes no jobs')
  const advice = 'Set maxmemory-policy to noeviction.'
  return amount(server, 'maxmemory') === 0
    ? warning('Eviction', `${policy}: with a limit on memory Redis would delete jobs.`, advice)
    : problem('Eviction', `${policy}: Redis deletes jobs when its memory is full.`, advice)
}

export const memory: Check = ({ server }) => {
  const used = amount(server, 'used_memory')
  if (used === undefined) return note('Memory', 'It is not known: the user may not send INFO.')
  const limit = amount(server, 'maxmemory') ?? 0
  const total = amount(server, 'total_system_memory') ?? 0
  if (limit === 0) {
    const text = `${bytes(used)} used, without a limit (maxmemory)`
    if (total === 0 || used < NEARLY_FULL * total) return ok('Memory', text)
    return warning(
      'Memory',
      `${text}, of ${bytes(total)} that the machine has.`,
      'Add memory, or keep results shorter.',
    )
  }
  const text = `${bytes(used)} of ${bytes(limit)} used (${Math.floor((100 * used) / limit)} %)`
  const advice = 'Raise maxmemory, keep results shorter (resultTtl), or empty queues.'
  if (used >= FULL * limit) return problem('Memory', `${text}: when it is full, nothing can be enqueued.`, advice)
  return used >= NEARLY_FULL * limit ? warning('Memory', `${text}.`, advice) : ok('Memory', text)
}

export const persistence: Check = ({ server }) => {
  const { info, settings } = server
  const aof = info.get('aof_enabled')
  if (aof === undefined) return note('Persistence', 'It is not known: the user may not send INFO.')
  if (info.get('aof_last_write_status') === 'err' || info.get('rdb_last_bgsave_status') === 'err') {
    const advice = "Look for the cause in the server's log: a full disk, or no rights to its folder."
    return problem('Persistence', 'Redis could not write to its disk, and may refuse writes until it can.', advice)
  }
  const save = settings.get('save')
  if (aof === '1') {
    const fsync = settings.get('appendfsync')
    if (fsync === undefined) return ok('Persistence', 'append-only file; how often it is flushed is not known')
    if (fsync === 'no') {
      const advice = 'Set appendfsync to everysec.'
      return warning(
        'Persistence',
        'Append-only file that only the system flushes: a crash loses 30 s of jobs.',
        advice,
      )
    }
    return ok('Persistence', `append-only file, flushed ${fsync === 'always' ? 'at each write' : 'each second'}`)
  }
  const advice = 'Set appendonly to yes, with appendfsync everysec.'
  if (save === undefined) {
    const text = 'No append-only file; whether it writes snapshots is not known: the user may not read CONFIG.'
    return warning('Persistence', text, advice)
  }
  if (save !== '')
    return warning('Persistence', `Snapshots only (save ${save}): a crash loses minutes of jobs.`, advice)
  if (amount(server, 'connected_slaves') === 0)
    return problem('Persistence', 'None: a restart of Redis loses all jobs.', advice)
  const text = 'None, and it has replicas: when Redis restarts empty, they copy that, and all jobs are lost.'
  return problem('Persistence', text, advice)
}

export const replicas: Check = ({ server }) => {
  const count = amount(server, 'connected_slaves')
  const wanted = Number(server.settings.get('min-replicas-to-write') ?? 0)
  if (count === undefined || server.info.get('role') === 'slave') return []
  if (wanted > count) {
    const text = `${replicasOf(count)}, and min-replicas-to-write is ${wanted}: Redis refuses all writes.`
    return problem('Replicas', text, 'Start the replicas, or set min-replicas-to-write lower.')
  }
  if (count === 0)
    return note('Replicas', 'None: when this server is lost, so are its jobs, but for what its disk holds')
  if (wanted > 0) return ok('Replicas', `${replicasOf(count)}, and writes need ${wanted} of them`)
  const text = `${replicasOf(count)}; a failover may lose the last jobs that were acknowledged.`
  return warning('Replicas', text, 'Set min-replicas-to-write to 1 if that is worse than no writes at all.')
}

export const latency: Check = ({ server: { pingMs } }) => {
  const text = `${pingMs < 1 ? pingMs.toFixed(2) : pingMs.toFixed(1)} ms for a PING (median)`
  if (pingMs < SLOW_PING_MS) return ok('Latency', text)
  return warning('Latency', `${text}.`, 'Run workers nearer to Redis, or look for what keeps it busy (SLOWLOG).')
}

export const clock: Check = ({ server: { clockAheadMs } }) => {
  const size = Math.abs(clockAheadMs)
  if (size < SKEWED_MS) return ok('Clock', `Redis and this machine agree within ${shortDuration(Math.max(size, 1))}`)
  const text = `Redis is ${shortDuration(size)} ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine: scheduled jobs run as much too ${clockAheadMs > 0 ? 'early' : 'late'}.`
  return warning('Clock', text, 'Let both machines keep their time by NTP.')
}

function replicasOf(count: number): string {
  return count === 0 ? 'No replica' : `${count} ${count === 1 ? 'replica' : 'replicas'}`
}

function amount({ info }: ServerFacts, name: string): number | undefined {
  const text = info.get(name)
  return text === undefined ? undefined : Number(text)
}

function bytes(count: number): string {
  return count >= GB ? `${(count / GB).toFixed(1)} GB` : `${(count / MB).toFixed(1)} MB`
}
