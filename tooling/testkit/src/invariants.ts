import { SECOND_MS } from '@rq/core'
import type { Redis } from 'ioredis'
import { executionFaults, isJobId, jobFaults, resultFaults, workerFaults } from './field-rules.ts'
import { type RedisSnapshot, type SnapshotKey, snapshotRedis } from './redis-snapshot.ts'

type Kind = SnapshotKey['type']
type Fields = ReadonlyMap<string, string>

/**
 * Every kind of key that may exist (docs/redis-schema.md); the first match applies. The group is the name in the key.
 */
const DOCUMENTED: readonly (readonly [name: string, type: Kind, pattern: RegExp])[] = [
  ['queues', 'set', /^queues$/],
  ['queue', 'list', /^queue:(.+)$/],
  ['stuck', 'hash', /^stuck:(.+)$/],
  ['dependencies', 'set', /^job::(.+):dependencies$/],
  ['dependents', 'set', /^job:(.+):dependents$/],
  ['job', 'hash', /^job:(.+)$/],
  ['results', 'stream', /^results:(.+)$/],
  ['wip', 'zset', /^wip:(.+)$/],
  ['finished', 'zset', /^finished:(.+)$/],
  ['failed', 'zset', /^failed:(.+)$/],
  ['deferred', 'zset', /^deferred:(.+)$/],
  ['canceled', 'zset', /^canceled:(.+)$/],
  ['scheduled', 'zset', /^scheduled:(.+)$/],
  ['execution', 'hash', /^execution:(.+)$/],
  ['executions', 'zset', /^executions:(.+)$/],
  ['workers', 'set', /^workers$/],
  ['queue workers', 'set', /^workers:(.+)$/],
  ['worker executions', 'set', /^worker:(.+):executions$/],
  ['worker', 'hash', /^worker:(.+)$/],
  ['suspended', 'string', /^suspended$/],
  ['paused', 'string', /^paused:(.+)$/],
  ['scheduler lock', 'string', /^scheduler-lock:(.+)$/],
  ['scheduler', 'hash', /^scheduler:(.+)$/],
  ['cron schedulers', 'zset', /^cron_schedulers$/],
  ['cron scheduler', 'hash', /^cron_scheduler:(.+)$/],
  ['cron state', 'hash', /^cron_state:(.+)$/],
  ['cron history', 'zset', /^cron_job:(.+):jobs$/],
  ['schedules', 'set', /^schedules$/],
  ['queue schedules', 'zset', /^schedules:(.+)$/],
  ['schedule', 'hash', /^schedule:(.+)$/],
  ['schedule history', 'zset', /^schedule-jobs:(.+)$/],
  ['releasing', 'hash', /^releasing$/],
  ['set aside', 'set', /^releasing:(.+)$/],
  ['unchecked', 'hash', /^unchecked$/],
  ['expiring', 'hash', /^expiring$/],
  ['broken', 'zset', /^broken:(.+)$/],
  ['refused', 'hash', /^refused:(.+)$/],
  ['maintenance', 'string', /^maintenance(:.+)?$/],
  ['groups', 'set', /^groups$/],
  ['group', 'set', /^group:(.+)$/],
  ['limits', 'set', /^rl-keys$/],
  ['held slots', 'hash', /^rl-held$/],
  ['unique keys', 'hash', /^unique:(.+)$/],
  ['slots', 'zset', /^rl:(.+):allowed$/],
  ['waiting', 'zset', /^rl:(.+):rate_limited$/],
  ['limit', 'hash', /^rl:(.+)$/],
]

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

export interface InvariantOptions {
  /** Patterns of further keys, without the prefix, that the test uses itself. Default: none. */
  allow?: readonly RegExp[]
}

/**
 * Find what is wrong with the state under a prefix, one line each; empty when it is valid. Reads everything in one
 * atomic step, so a test may call it while workers run.
 *
 * A state is valid when every job is once in exactly one place, the one that its status and queue name; an id in an
 * index has a job, or is dropped in time; a job without a place has ended and expires; only queued and started jobs
 * hold slots of a rate limit, no more than the limit, and no slot is free while jobs wait; a deferred job waits for
 * another one; a schedule is listed by name, and by its next tick in its queue; all keys are documented; and all fields
 * are as RQ's strict readers expect them.
 */
export async function findViolations(
  client: Redis,
  prefix: string,
  { allow = [] }: InvariantOptions = {},
): Promise<string[]> {
  const state = new State(await snapshotRedis(client, prefix), prefix, allow)
  return [
    ...state.strangers,
    ...places(state),
    ...belongings(state),
    ...limits(state),
    ...dependencies(state),
    ...workers(state),
    ...schedules(state),
    ...records(state),
  ].sort()
}

/** A snapshot, with its keys by kind. */
class State {
  readonly nowS: number
  readonly prefix: string
  /** One line for each key that is not documented, or has another type than documented. */
  readonly strangers: readonly string[]
  readonly #byKind = new Map<string, Map<string, SnapshotKey>>()

  constructor({ keys, nowS }: RedisSnapshot, prefix: string, allow: readonly RegExp[]) {
    this.nowS = nowS
    this.prefix = prefix
    const strangers: string[] = []
    for (const [key, value] of keys) {
      if (allow.some((pattern) => pattern.test(key))) continue
      const fits = DOCUMENTED.filter(([, , pattern]) => pattern.test(key))
      const [name, , pattern] = fits.find(([, type]) => type === value.type) ?? []
      if (name === undefined || pattern === undefined) {
        strangers.push(`key ${key} (${value.type}) is not documented`)
        continue
      }
      const named = this.#byKind.get(name) ?? new Map<string, SnapshotKey>()
      this.#byKind.set(name, named.set(pattern.exec(key)?.[1] ?? '', value))
    }
    this.strangers = strangers
  }

  all(kind: string): ReadonlyMap<string, SnapshotKey> {
    return this.#byKind.get(kind) ?? new Map()
  }

  /** Members of a list, set or sorted set; none when the key does not exist. */
  members(kind: string, name = ''): string[] {
    const key = this.all(kind).get(name)
    if (key?.type === 'zset') return [...key.value.keys()]
    return key?.type === 'list' || key?.type === 'set' ? [...key.value] : []
  }

  score(kind: string, name: string, member: string): number {
    const key = this.all(kind).get(name)
    return (key?.type === 'zset' ? key.value.get(member) : undefined) ?? Number.NaN
  }

  fields(kind: string, name: string): Fields | undefined {
    const key = this.all(kind).get(name)
    return key?.type === 'hash' ? key.value : undefined
  }

  job(id: string): Fields | undefined {
    return this.fields('job', id)
  }

  status(id: string): string | undefined {
    const job = this.job(id)
    return job && (job.get('status') ?? 'created')
  }
}

interface Place {
  readonly kind: string
  readonly name: string
}

/** Every schedule is listed, and what is listed is a schedule. */
function schedules(state: State): string[] {
  const found: string[] = []
  const names = new Set(state.members('schedules'))
  for (const name of names) if (state.fields('schedule', name) === undefined) found.push(`there is no schedule ${name}`)
  for (const name of state.all('schedule').keys()) if (!names.has(name)) found.push(`schedule ${name} is not listed`)
  for (const queue of state.all('queue schedules').keys()) {
    for (const name of state.members('queue schedules', queue)) {
      const schedule = state.fields('schedule', name)
      const dueMs = Math.round(state.score('queue schedules', queue, name) * SECOND_MS)
      const isRight = schedule?.get('queue') === queue && schedule.get('next') === String(dueMs)
      if (!isRight) found.push(`queue ${queue} has schedule ${name} at ${dueMs}, which is not its next tick`)
    }
  }
  return found
}

/** Each job is in the one place that its status names. */
function places(state: State): string[] {
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
    if (isSetAside(state, id)) return []
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

/** Whether the store refused the end of this run of a job, which is listed as broken and nowhere else. */
function isSetAside(state: State, id: string): boolean {
  const job = state.job(id)
  const queue = job?.get('origin') ?? ''
  const [execution] = state.fields('refused', queue)?.get(id)?.split('\n') ?? []
  return (
    execution !== undefined && execution === job?.get('execution_id') && state.members('broken', queue).includes(id)
  )
}

/** The id of the job that took the key, and perhaps until when it holds it at least. */
const UNIQUE_ENTRY = /^[A-Za-z0-9_-]{1,200}( \d+)?$/

/** The other keys of a job exist and expire with it. */
function belongings(state: State): string[] {
  const found: string[] = []
  for (const [id, { ttlMs }] of state.all('job')) {
    const status = state.status(id) ?? ''
    const isOver = ['finished', 'failed', 'stopped'].includes(status)
    const hasTtl = state.job(id)?.has('ttl') === true
    if (ttlMs >= 0 && !isOver && (status === 'started' || !hasTtl)) found.push(`job ${id} (${status}) expires`)
    if (isOver) found.push(...endFaults(state, id, status, ttlMs))
  }
  for (const queue of state.all('unique keys').keys()) {
    for (const [key, entry] of state.fields('unique keys', queue) ?? []) {
      if (!UNIQUE_ENTRY.test(entry)) found.push(`unique keys of ${queue} have ${JSON.stringify(entry)} for ${key}`)
    }
  }
  for (const kind of ['results', 'dependencies', 'dependents', 'executions']) {
    for (const [id, { ttlMs }] of state.all(kind)) {
      if (state.job(id) !== undefined || ttlMs >= 0) continue
      // Jobs may wait for one that never existed, or is gone.
      const isWaitedFor =
        kind === 'dependents' && state.members(kind, id).some((other) => state.job(other) !== undefined)
      if (!isWaitedFor) found.push(`${kind} of ${id} has no job and does not expire`)
    }
  }
  for (const [name, { ttlMs }] of state.all('execution')) {
    const [id, execution] = name.split(':')
    const fields = state.fields('execution', name)
    if (ttlMs < 0) found.push(`execution ${name} does not expire`)
    if (fields?.get('job_id') !== id || fields?.get('id') !== execution)
      found.push(`execution ${name} names another one`)
  }
  for (const [name, { ttlMs }] of state.all('executions')) {
    if (ttlMs < 0) found.push(`executions ${name} does not expire`)
  }
  for (const queue of state.all('queue').keys()) {
    if (!state.members('queues').includes(`${state.prefix}queue:${queue}`))
      found.push(`queue ${queue} is not in queues`)
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

function limits(state: State): string[] {
  const found: string[] = []
  const names = new Set([...state.all('slots').keys(), ...state.all('waiting').keys()])
  for (const name of names) {
    const holders = state.members('slots', name)
    const concurrency = Number(state.fields('limit', name)?.get('concurrency'))
    if (!state.members('limits').includes(name)) found.push(`rate limit ${name} is not in rl-keys`)
    if (!Number.isInteger(concurrency)) found.push(`rate limit ${name} has no concurrency`)
    if (holders.length > concurrency)
      found.push(`rate limit ${name} of ${concurrency} is held by ${holders.length} jobs`)
    for (const id of holders) {
      const [jobId, execution, ...queue] = id.split(':')
      if (execution !== undefined) {
        const lease = `${jobId}:${execution}`
        if (state.fields('held slots', '')?.get(lease) !== name)
          found.push(`rate limit ${name} is held by ${lease}, which is not in rl-held`)
        if (!state.members('wip', queue.join(':')).includes(lease))
          found.push(`rate limit ${name} is held by ${lease}, which has no lease`)
        continue
      }
      const status = state.status(id)
      if (status !== 'queued' && status !== 'started') {
        found.push(`rate limit ${name} is held by ${id}, which is ${status ?? 'no job'}`)
      } else if (state.job(id)?.get('rate_limit_key') !== name) {
        found.push(`rate limit ${name} is held by ${id}, which has another limit`)
      }
    }
    const waits = state.members('waiting', name).filter((id) => state.status(id) === 'rate_limited')
    if (waits.length > 0 && holders.length < concurrency) {
      found.push(`rate limit ${name} has a free slot while ${waits.join(', ')} waits`)
    }
  }
  for (const id of state.all('job').keys()) {
    const name = state.job(id)?.get('rate_limit_key')
    const status = state.status(id) ?? ''
    if (name === undefined || !['queued', 'started'].includes(status) || isSetAside(state, id)) continue
    if (!state.members('slots', name).includes(id)) found.push(`job ${id} (${status}) holds no slot of ${name}`)
  }
  return found
}

/** A deferred job waits for at least one job that may still satisfy it. */
function dependencies(state: State): string[] {
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

function workers(state: State): string[] {
  const found: string[] = []
  for (const [name, { ttlMs }] of state.all('worker')) if (ttlMs < 0) found.push(`worker ${name} does not expire`)
  for (const [name, { ttlMs }] of state.all('worker executions')) {
    if (ttlMs < 0) found.push(`executions of worker ${name} do not expire`)
  }
  const sets = [
    ['workers', ''] as const,
    ...[...state.all('queue workers').keys()].map((q) => ['queue workers', q] as const),
  ]
  for (const [kind, queue] of sets) {
    for (const key of state.members(kind, queue)) {
      if (!key.startsWith(`${state.prefix}worker:`))
        found.push(`${kind} ${queue} holds ${key}, which is not a key of a worker`)
    }
  }
  return found
}

/** The fields of every record, by the rules of its readers. */
function records(state: State): string[] {
  const found: string[] = []
  const add = (what: string, faults: readonly string[]): void => {
    for (const fault of faults) found.push(`${what} ${fault}`)
  }
  for (const id of state.all('job').keys()) {
    if (!isJobId(id)) found.push(`job ${JSON.stringify(id)} has an id that RQ cannot read`)
    add(`job ${id}`, jobFaults(state.job(id) ?? new Map()))
  }
  for (const name of state.all('worker').keys())
    add(`worker ${name}`, workerFaults(state.fields('worker', name) ?? new Map()))
  for (const name of state.all('execution').keys()) {
    add(`execution ${name}`, executionFaults(state.fields('execution', name) ?? new Map()))
  }
  for (const [id, key] of state.all('results')) {
    if (key.type === 'stream') for (const entry of key.value) add(`result of ${id}`, resultFaults(entry))
  }
  return found
}
