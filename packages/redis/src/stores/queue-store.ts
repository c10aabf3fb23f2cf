import { randomHex, SECOND_MS } from '@rq/core'
import type {
  BeginReply,
  BrokenJobRecord,
  NewJob,
  Placement,
  QueueConfiguration,
  QueueCounts,
  QueueStore,
  RegistryKind,
} from '@rq/job'
import { type Begin, isPlainJob, plainArguments, pushJob } from '../codec/enqueue-arguments.ts'
import { type Packable, packList } from '../codec/message-pack.ts'
import { parseTime, scoreMs, stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import { pipeScript, type ReplyOf, type WordsOf } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { dropUniqueKeys, fillSlots } from './cleanup.ts'
import { compact } from './compact.ts'
import { releaseAllDependents } from './dependent-steps.ts'
import { configurationOf, configureQueue, keepNewest } from './newest.ts'
import { countRateLimited } from './rate-limited.ts'

/** The most plain jobs that enqueue.lua takes in one call. */
const MOST_PLAIN = 1000

/** The most dependencies of one job, and of all jobs of a call, that enqueue.lua checks. */
const MOST_CHECKED_OF_JOB = 250
const MOST_CHECKED = 2500

/** How many jobs one step deletes when a queue is emptied, so that no step blocks Redis for long. */
const EMPTY_BATCH = 1000

/** How many expired entries of a registry one step removes. */
const CLEANUP_PAGE = 1000

/** How many queues one step counts, so that no step blocks Redis for long. */
const COUNT_PAGE = 100

export class RedisQueueStore implements QueueStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async enqueue(jobs: readonly NewJob[]): Promise<Placement[]> {
    const stamp = stampNow()
    const [first] = jobs
    if (jobs.length === 1 && first?.hasNewId === true && isPlainJob(first)) {
      const words = plainArguments(this.#keys.prefix, stamp, first)
      if ((await this.#connections.run(scripts.enqueuePlain, [this.#keys.queues], words)) === 1) return ['queued']
    }
    // With the same stamp, so that the script knows a call that was sent twice.
    const args = enqueueArguments(this.#keys.prefix, stamp, jobs)
    const answers = await this.#connections.run(scripts.enqueue, [this.#keys.queues], args)
    if (typeof answers === 'number') return jobs.map(() => 'queued')
    if (haveManyDependencies(jobs)) await this.#checkDependencies()
    return answers.map(placementOf)
  }

  enqueueInto(pipeline: unknown, jobs: readonly NewJob[]): void {
    pipeScript(pipeline, scripts.enqueue, [this.#keys.queues], enqueueArguments(this.#keys.prefix, stampNow(), jobs))
  }

  async begin(job: NewJob, workerName: string, leaseMs: number): Promise<BeginReply> {
    const executionId = `0${randomHex().slice(0, 19)}`
    const begin = { worker: workerName, leaseMs, execution: executionId }
    const args = enqueueArguments(this.#keys.prefix, stampNow(), [job], begin)
    const answers = await this.#connections.run(scripts.enqueue, [this.#keys.queues], args)
    const [placement] = typeof answers === 'number' ? [] : answers
    if (placement === 'deferred' && haveManyDependencies([job])) await this.#checkDependencies()
    switch (placement) {
      case 'deferred':
      case 'duplicate':
      case 'cycle':
      case 'too_many':
        return { placement }
      default:
        if (placement !== undefined && isHeld(placement)) return { placement: duplicateOf(placement) }
        return { placement: 'started', executionId }
    }
  }

  async queueNames(): Promise<string[]> {
    const keys = await this.#connections.call((client) => client.smembers(this.#keys.queues))
    return keys.flatMap((key) => this.#keys.queueName(key) ?? []).sort()
  }

  /** Each step counts up to 100 queues, or up to 1000 jobs that wait for slots. */
  async counts(queues: readonly string[]): Promise<QueueCounts[]> {
    if (queues.length === 0) return []
    const pages: Promise<readonly CountRow[]>[] = []
    for (let at = 0; at < queues.length; at += COUNT_PAGE) {
      const [first = '', ...others] = queues.slice(at, at + COUNT_PAGE)
      pages.push(this.#connections.run(scripts.countQueues, [this.#keys.queues], [this.#keys.prefix, first, ...others]))
    }
    const [rows, rateLimited] = await Promise.all([Promise.all(pages), countRateLimited(this.#connections, this.#keys)])
    return rows.flat().map((row, index) => countsOf(row, rateLimited.get(queues[index] ?? '') ?? 0))
  }

  count(queue: string): Promise<number> {
    return this.#connections.call((client) => client.llen(this.#keys.queue(queue)))
  }

  jobIds(queue: string, offset: number, length: number): Promise<string[]> {
    const end = length < 0 ? -1 : offset + length - 1
    if (length === 0) return Promise.resolve([])
    return this.#connections.call((client) => client.lrange(this.#keys.queue(queue), offset, end))
  }

  async brokenJobs(queue: string, most: number): Promise<BrokenJobRecord[]> {
    const keys = [this.#keys.broken(queue), this.#keys.refused(queue)] as const
    const words = await this.#connections.run(scripts.brokenJobs, [...keys], [this.#keys.prefix, most])
    const found: BrokenJobRecord[] = []
    for (let at = 0; at + 3 < words.length; at += 4) {
      const [id = '', foundAt = '', keyType = '', refusal = ''] = words.slice(at, at + 4)
      found.push({ id, foundAtMs: scoreMs(foundAt), keyType, ...(refusal !== '' && { refusal }) })
    }
    return found
  }

  position(queue: string, jobId: string): Promise<number | null> {
    return this.#connections.call((client) => client.lpos(this.#keys.queue(queue), jobId))
  }

  remove(queue: string, jobId: string): Promise<number> {
    return this.#connections.call((client) => client.lrem(this.#keys.queue(queue), 1, jobId))
  }

  compact(queue: string): Promise<number> {
    return compact(this.#connections, this.#keys, queue)
  }

  /** Deletes in steps of 1000, at most as many jobs as waited at the start. */
  async empty(queue: string): Promise<number> {
    let left = await this.count(queue)
    let emptied = 0
    while (left > 0) {
      const taken = await this.#emptyStep(queue, Math.min(left, EMPTY_BATCH), false)
      if (taken === 0) break
      emptied += taken
      left -= taken
    }
    return emptied
  }

  /** Its jobs no longer use the slots of rate limits that they hold: those go to jobs of other queues. */
  async pause(queue: string, durationS?: number): Promise<void> {
    const key = this.#keys.paused(queue)
    await this.#connections.call((client) =>
      durationS === undefined ? client.set(key, '1') : client.set(key, '1', 'EX', durationS),
    )
    await fillSlots(this.#connections, this.#keys)
  }

  async resume(queue: string): Promise<boolean> {
    return (await this.#connections.call((client) => client.del(this.#keys.paused(queue)))) === 1
  }

  /** The limits are stored in one step, and the jobs that are more deleted in further ones. */
  async configure(queue: string, changes: Partial<QueueConfiguration>): Promise<QueueConfiguration> {
    const configuration = await configureQueue(this.#connections, this.#keys, queue, changes)
    await keepNewest(this.#connections, this.#keys, queue)
    return configuration
  }

  configuration(queue: string): Promise<QueueConfiguration> {
    return configurationOf(this.#connections, this.#keys, queue)
  }

  async isPaused(queue: string): Promise<boolean> {
    return (await this.#connections.call((client) => client.exists(this.#keys.paused(queue)))) === 1
  }

  /** Also deletes jobs that are enqueued, or released by a rate limit, while this runs. */
  async deleteQueue(queue: string, deleteJobs: boolean): Promise<void> {
    const limits = [this.#keys.endOrder(queue, 'finished'), this.#keys.endOrder(queue, 'failed')]
    await this.#connections.call((client) =>
      client.unlink(this.#keys.paused(queue), this.#keys.configuration(queue), ...limits),
    )
    if (deleteJobs) {
      while ((await this.#emptyStep(queue, EMPTY_BATCH, true)) > 0);
      return dropUniqueKeys(this.#connections, this.#keys, queue)
    }
    const key = this.#keys.queue(queue)
    await this.#connections.call((client) => client.multi().srem(this.#keys.queues, key).del(key).exec())
  }

  registryCount(queue: string, kind: RegistryKind, withExpired = false): Promise<number> {
    const key = this.#keys.registry(queue, kind)
    if (!withExpired && expires(kind)) return this.#connections.run(scripts.countUnexpired, [key], [])
    return this.#connections.call((client) => client.zcard(key))
  }

  async registryIds(
    queue: string,
    kind: RegistryKind,
    start: number,
    end: number,
    descending: boolean,
  ): Promise<string[]> {
    const key = this.#keys.registry(queue, kind)
    const members = await this.#connections.call((client) =>
      descending ? client.zrevrange(key, start, String(end)) : client.zrange(key, start, String(end)),
    )
    return kind === 'started' ? [...new Set(members.map(jobIdOfMember))] : members
  }

  async registryScoreMs(queue: string, kind: RegistryKind, jobId: string): Promise<number | undefined> {
    const key = this.#keys.registry(queue, kind)
    const score =
      kind === 'started'
        ? (
            await this.#connections.run(
              scripts.leases,
              [key, this.#keys.job(jobId), this.#keys.executions(jobId)],
              [jobId],
            )
          )[1]
        : await this.#connections.call((client) => client.zscore(key, jobId))
    if (score === null || score === undefined) return undefined
    return /^-|inf/.test(score) ? Number.POSITIVE_INFINITY : scoreMs(score)
  }

  async registryRemove(queue: string, kind: RegistryKind, jobId: string): Promise<boolean> {
    return (await this.#connections.call((client) => client.zrem(this.#keys.registry(queue, kind), jobId))) === 1
  }

  /** The jobs are enqueued, so an error is no failure of that: the workers go on. */
  async #checkDependencies(): Promise<void> {
    await releaseAllDependents(this.#connections, this.#keys).catch(() => {})
  }

  /**
   * Returns how many ids were removed. `forget`: also remove the queue from the list of queues, if it is empty then.
   */
  #emptyStep(queue: string, most: number, forget: boolean): Promise<number> {
    return this.#connections.run(
      scripts.empty,
      [this.#keys.queue(queue)],
      [this.#keys.prefix, most, stampNow(), forget],
    )
  }

  /** Removes them in steps of 1000. */
  async registryCleanup(queue: string, kind: RegistryKind): Promise<number> {
    if (!expires(kind)) return 0
    const key = this.#keys.registry(queue, kind)
    for (let all = 0; ; ) {
      const dropped = await this.#connections.run(scripts.dropExpired, [key], [CLEANUP_PAGE])
      all += dropped
      if (dropped < CLEANUP_PAGE) return all
    }
  }
}

/** Whether enqueue.lua may have left dependencies of these jobs unchecked; as many as it checks in one call. */
function haveManyDependencies(jobs: readonly NewJob[]): boolean {
  let count = 0
  for (const { record } of jobs) {
    const { length = 0 } = record.dependencyIds ?? []
    count += length
    if (length > MOST_CHECKED_OF_JOB) return true
  }
  return count > MOST_CHECKED
}

/** Whether the scores of a registry say when its entries expire. */
function expires(kind: RegistryKind): boolean {
  return kind === 'finished' || kind === 'failed'
}

/** The arguments of enqueue.lua for a batch; its header is the contract. */
function enqueueArguments(
  prefix: string,
  stamp: string,
  jobs: readonly NewJob[],
  begin?: Begin,
): WordsOf<typeof scripts.enqueue>[1] {
  // New ids are all different.
  const haveNewIds = jobs.every(({ hasNewId }) => hasNewId === true)
  const waiter = haveNewIds && begin === undefined ? jobs[0]?.waiter : undefined
  const list: Packable[] = []
  let arePlain = jobs.length > 0 && jobs.length <= MOST_PLAIN
  for (const job of jobs) arePlain = pushJob(list, job, begin, waiter) && arePlain
  if (waiter !== undefined) return waitedArguments(prefix, stamp, jobs, waiter, arePlain ? list : undefined)
  if (arePlain && !haveNewIds && jobs.length > 1) arePlain = haveDifferentIds(jobs)
  return [prefix, stamp, packList(list), (arePlain ? 1 : 0) + (haveNewIds ? 2 : 0)]
}

/**
 * The arguments for new jobs the first of which has a waiter. `plain`: the list of them, if they are all plain and have
 * the same waiter; else each has its own as a field.
 */
function waitedArguments(
  prefix: string,
  stamp: string,
  jobs: readonly NewJob[],
  waiter: string,
  plain: readonly Packable[] | undefined,
): WordsOf<typeof scripts.enqueue>[1] {
  if (plain !== undefined) return [prefix, stamp, packList(plain), 3, waiter]
  const list: Packable[] = []
  for (const job of jobs) pushJob(list, job)
  return [prefix, stamp, packList(list), 2]
}

function haveDifferentIds(jobs: readonly NewJob[]): boolean {
  return new Set(jobs.map(({ record }) => record.id)).size === jobs.length
}

type CountRow = readonly [counts: number[], nowMs: number, headSince: string]

function countsOf([counts, nowMs, headSince]: CountRow, rateLimited: number): QueueCounts {
  const [queued = 0, started = 0, finished = 0, failed = 0, deferred = 0, scheduled = 0, canceled = 0, paused] = counts
  const sinceMs = parseTime(headSince)
  return {
    ...{ queued, started, finished, failed, deferred, scheduled, canceled, rateLimited, paused: paused === 1 },
    // The job was enqueued by the clock of its producer.
    oldestQueuedSeconds: sinceMs === undefined ? null : Math.max(nowMs - sinceMs, 0) / SECOND_MS,
  }
}

/** Without `begin` no job is started. */
function placementOf(answer: Answer): Placement {
  if (answer === 'started') return 'queued'
  return isHeld(answer) ? duplicateOf(answer) : answer
}

type Answer = Exclude<ReplyOf<typeof scripts.enqueue>, number>[number]
/** How the answer begins for a job whose unique key another one holds; the id of that follows. */
const HELD = 'duplicate '

function isHeld(answer: Answer): answer is `duplicate ${string}` {
  return answer.startsWith(HELD)
}

function duplicateOf(answer: string): { readonly duplicateOf: string } {
  return { duplicateOf: answer.slice(HELD.length) }
}

function jobIdOfMember(member: string): string {
  const colon = member.indexOf(':')
  return colon === -1 ? member : member.slice(0, colon)
}
