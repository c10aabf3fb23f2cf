import { type Clock, SECOND_MS } from '@rq/core'
import {
  type AwaitedResult,
  type CronSchedulerRecord,
  canMove,
  type JobRecord,
  type JobStatus,
  type PublishedEvent,
  type QueueConfiguration,
  type RegistryKind,
  type ResultRecord,
  type ScheduleRecord,
  type SchedulerNotice,
  type SchedulerRecord,
  type WorkerCommand,
  type WorkerRecord,
} from '@rq/job'
import { Channel } from './channel.ts'
import { ExpiringMap } from './expiring-map.ts'
import { IdList } from './id-list.ts'
import type { StoredMessages } from './messages.ts'
import { Registry } from './registry.ts'
import type { StoredKey } from './unique-keys.ts'
import { Waits } from './waits.ts'

export interface StoredJob {
  readonly record: JobRecord
  /** Ids of the jobs that it waits for, or has waited for. */
  readonly waitsFor: Set<string>
  /** Orders jobs by when they were deferred. */
  deferredTurn: number
}

/** An execution's right to a job. */
export interface StoredLease {
  readonly jobId: string
  readonly executionId: string
  readonly workerName: string
  endsMs: number
  /** Whether the claim was a prefetch, so that the job may not have begun. */
  readonly isPrefetch: boolean
  /** Whether a heartbeat has renewed it. */
  renewed: boolean
}

export interface StoredRefusal {
  readonly executionId: string
  readonly foundAtMs: number
  readonly queue: string
  readonly reason: string
}

export interface StoredLimit {
  concurrency: number
  /** By job that holds a slot: since when, as a turn. An execution whose job has let go of it has a name of its own. */
  readonly holders: Map<string, number>
  /** By job that waits for a slot: since when. */
  readonly waiting: Map<string, number>
}

export type StoredWorker = { -readonly [Field in keyof WorkerRecord]: WorkerRecord[Field] } & {
  readonly instance: string
  aliveUntilMs: number
}

/** The state of all cron jobs of one name. */
export interface StoredCron {
  readonly slots: Map<number, { rule: string; sinceMs: number; tickMs?: number }>
  pausedMs?: number
  resumedMs?: number
}

/** Everything that a memory storage holds. Storages that share it are clients of one store. */
export class MemoryData {
  readonly clock: Clock
  readonly jobs: ExpiringMap<StoredJob>
  /** Ids that expired jobs may have left in the place where they waited. */
  readonly leftOver = new Set<string>()
  /** By job: earlier results, newest first. */
  readonly results: ExpiringMap<ResultRecord[]>
  /** By job: ids of the jobs that wait for it. They may be enqueued before it. */
  readonly dependents = new Map<string, Set<string>>()
  readonly queueNames = new Set<string>()
  readonly pausedQueues: ExpiringMap<true>
  readonly configurations = new Map<string, QueueConfiguration>()
  readonly groups = new Map<string, Set<string>>()
  readonly limits = new Map<string, StoredLimit>()
  /** By lease: the limit of which the execution holds a slot that its job has let go of. */
  readonly heldSlots = new Map<string, string>()
  /** By job: the execution whose end was refused. */
  readonly refused = new Map<string, StoredRefusal>()
  /** By queue and key: the job that took the key last. */
  readonly uniqueKeys = new Map<string, Map<string, StoredKey>>()
  readonly workers: ExpiringMap<StoredWorker>
  /** By queue: the name of the scheduler that leads it. */
  readonly schedulerLocks: ExpiringMap<string>
  readonly schedulers: ExpiringMap<SchedulerRecord>
  /** Schedules, by name; and the ids of the jobs that each enqueued, oldest first. */
  readonly recurring = new Map<string, ScheduleRecord>()
  readonly recurringHistories = new Map<string, readonly string[]>()
  /** Names of schedules that cannot be read. */
  readonly parked = new Set<string>()
  readonly crons: ExpiringMap<StoredCron>
  /** By name of a cron job: the jobs that it enqueued, newest last. */
  readonly cronHistories: ExpiringMap<string[]>
  readonly cronSchedulers: ExpiringMap<CronSchedulerRecord>
  /** By name: last heartbeats of the living cron schedulers, and of which instances they are. */
  readonly cronHeartbeats = new Map<string, { readonly beatMs: number; readonly instance: string }>()
  readonly commands = new Channel<WorkerCommand>()
  readonly events = new Channel<PublishedEvent>()
  /** By queue: workers that are notified when it has a listener. */
  readonly listenerNews = new Channel<string>()
  readonly notices = new Channel<SchedulerNotice>()
  /** By queue: workers that wait for work. */
  readonly workWaits = new Waits()
  /** By source and job: messages. */
  readonly messages = new Map<string, StoredMessages>()
  /** By job: callers that wait for a message. */
  readonly messageWaits = new Waits()
  /** By job: callers that wait for its result. */
  readonly resultWaits = new Waits()
  /** What came of jobs that are being dropped, for the callers that are woken meanwhile. */
  readonly lastWords = new Map<string, AwaitedResult>()
  readonly #queues = new Map<string, IdList>()
  readonly #registries = new Map<string, Registry>()
  readonly #leases = new Map<string, Map<string, StoredLease>>()
  #executions = 0
  #turns = 0
  /** Epoch milliseconds; 0 = not suspended. */
  #suspendedUntilMs = 0

  constructor(clock: Clock) {
    this.clock = clock
    this.jobs = new ExpiringMap(clock, (id) => {
      this.dependents.delete(id)
      this.leftOver.add(id)
    })
    this.results = new ExpiringMap(clock)
    this.pausedQueues = new ExpiringMap(clock)
    this.workers = new ExpiringMap(clock)
    this.schedulerLocks = new ExpiringMap(clock)
    this.schedulers = new ExpiringMap(clock)
    this.crons = new ExpiringMap(clock)
    this.cronHistories = new ExpiringMap(clock)
    this.cronSchedulers = new ExpiringMap(clock)
  }

  get nowMs(): number {
    return this.clock.nowMs()
  }

  record(id: string): JobRecord | undefined {
    return this.jobs.get(id)?.record
  }

  status(id: string): JobStatus | undefined {
    return this.record(id)?.status
  }

  queue(name: string): IdList {
    return entryOf(this.#queues, name, () => new IdList())
  }

  /** A registry of a queue. Started jobs are in {@link leases}. */
  registry(queue: string, kind: Exclude<RegistryKind, 'started'>): Registry {
    return entryOf(this.#registries, `${kind} ${queue}`, () => new Registry())
  }

  /** The leases of a queue by job and execution: see {@link leaseKey}. */
  leases(queue: string): Map<string, StoredLease> {
    return entryOf(this.#leases, queue, () => new Map())
  }

  /**
   * Write the status of a job.
   * @throws Error for a move that `LEGAL_MOVES` does not list.
   */
  move(record: JobRecord, to: JobStatus): void {
    if (record.status !== to && !canMove(record.status, to)) {
      throw new Error(`Job ${record.id} moved from ${record.status} to ${to}, which LEGAL_MOVES does not list.`)
    }
    record.status = to
  }

  /** Let a job expire after this many seconds; Infinity = never. */
  expireJob(id: string, seconds: number): void {
    this.jobs.expire(id, seconds * SECOND_MS)
  }

  nextExecutionId(): string {
    this.#executions += 1
    return this.#executions.toString(16).padStart(20, '0')
  }

  nextTurn(): number {
    this.#turns += 1
    return this.#turns
  }

  isPaused(queue: string): boolean {
    return this.pausedQueues.has(queue)
  }

  get isSuspended(): boolean {
    return this.#suspendedUntilMs > this.nowMs
  }

  suspend(lifeMs: number): void {
    this.#suspendedUntilMs = this.nowMs + lifeMs
  }

  resume(): void {
    this.#suspendedUntilMs = 0
  }
}

export function leaseKey(jobId: string, executionId: string): string {
  return `${jobId}:${executionId}`
}

export function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
