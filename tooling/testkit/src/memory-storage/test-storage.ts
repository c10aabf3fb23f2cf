import { HOUR_MS, randomHex } from '@rq/core'
import {
  type AdminStore,
  type CronStore,
  dumpCall,
  type EventStore,
  type GroupStore,
  type JobRecord,
  type JobStore,
  type Lease,
  type NewJob,
  type QueueStore,
  type ResultType,
  type SchedulerStore,
  type ScheduleStore,
  type Settlement,
  type SettleReply,
  type Storage,
  type WorkerCommand,
  type WorkerHeartbeat,
  type WorkerStore,
} from '@rq/job'
import { jsonSerializer } from '@rq/serializer'
import { type OnCall, type PortCall, watchedPort } from '../watched-port.ts'
import { enqueueAll } from './enqueueing.ts'
import { lease, startJob } from './leases.ts'
import type { MemoryData } from './memory-data.ts'
import { MemoryStorage, type MemoryStorageOptions } from './memory-storage.ts'
import { leavePlace } from './places.ts'
import { resultsOf } from './results.ts'
import { settleAll } from './settling.ts'

export type JobFacts = Partial<JobRecord> & { args?: readonly unknown[] }

export interface LatestResult {
  readonly type: ResultType
  readonly returnValue?: unknown
  readonly excString?: string
}

/**
 * A memory storage for tests of code that uses a storage. It shows what it holds and what was called, and a test can
 * make calls fail or wait, and change jobs directly.
 */
export class TestStorage implements Storage {
  readonly queues: QueueStore
  readonly jobs: JobStore
  readonly workers: WorkerStore
  readonly schedules: SchedulerStore
  readonly crons: CronStore
  readonly recurring: ScheduleStore
  readonly groups: GroupStore
  readonly admin: AdminStore
  readonly events: EventStore
  readonly data: MemoryData

  /** While this is set, every call rejects with it. */
  outage: Error | undefined
  /** Called for every call of a port; `run` makes the call. */
  onCall: OnCall = (_, run) => run()

  /** The job ids of each `queues.enqueue`. */
  readonly enqueued: string[][] = []
  /** The settlements that were applied. */
  readonly settlements: Settlement[] = []
  readonly givenBack: Lease[] = []
  readonly heartbeats: WorkerHeartbeat[] = []
  /** Names of the workers that noted a request to shut down. */
  readonly shutdowns: string[] = []
  /** `queue:kind` of each registry that was cleaned up. */
  readonly cleaned: string[] = []
  readonly commands: [workerName: string, command: WorkerCommand][] = []
  /** How many calls of the `workers` port were made, except for `waitForWork`. */
  calls = 0
  /** The largest number of concurrent claims and settlements. */
  mostAtOnce = 0
  /** How often `client()` was called. */
  clients = 0
  /** How often it was closed. */
  closed = 0
  readonly #storage: MemoryStorage
  #atOnce = 0

  constructor(options: MemoryStorageOptions = {}) {
    const storage = new MemoryStorage(options)
    const onCall: OnCall = (call, run) => this.#call(call, run)
    this.#storage = storage
    this.data = storage.data
    this.queues = watchedPort(storage.queues, 'queues', onCall)
    this.jobs = watchedPort(storage.jobs, 'jobs', onCall)
    this.workers = watchedPort(storage.workers, 'workers', onCall)
    this.schedules = watchedPort(storage.schedules, 'schedules', onCall)
    this.crons = watchedPort(storage.crons, 'crons', onCall)
    this.recurring = watchedPort(storage.recurring, 'recurring', onCall)
    this.groups = watchedPort(storage.groups, 'groups', onCall)
    this.admin = watchedPort(storage.admin, 'admin', onCall)
    this.events = watchedPort(storage.events, 'events', onCall)
  }

  client(): unknown {
    this.clients += 1
    return { isClient: true }
  }

  async close(): Promise<void> {
    this.closed += 1
    await this.#storage.close()
  }

  get suspended(): boolean {
    return this.data.isSuspended
  }

  set suspended(suspended: boolean) {
    if (suspended) this.data.suspend(Number.POSITIVE_INFINITY)
    else this.data.resume()
  }

  /** All jobs, by id. */
  get records(): ReadonlyMap<string, JobRecord> {
    return new Map(this.data.jobs.values().map(({ record }) => [record.id, record]))
  }

  /** Names of the registered workers. */
  get registeredWorkers(): ReadonlySet<string> {
    return new Set(this.data.workers.keys())
  }

  /** Returns the stored record itself, which a test may change. */
  recordOf(id: string): JobRecord {
    const record = this.data.record(id)
    if (record === undefined) throw new Error(`There is no job ${id}.`)
    return record
  }

  status(id: string): string | undefined {
    return this.data.status(id)
  }

  /** Ids of the waiting jobs of a queue, in order. */
  waiting(queue = 'default'): string[] {
    return this.data.queue(queue).ids()
  }

  /** The newest result, with its value parsed as JSON. */
  latest(id: string): LatestResult | undefined {
    const [newest] = resultsOf(this.data, id)
    if (newest === undefined) return undefined
    const { excString, returnValue, type } = newest
    return {
      type,
      ...(returnValue !== undefined && { returnValue: JSON.parse(String(returnValue)) }),
      ...(excString !== undefined && { excString }),
    }
  }

  /** The newest return value. */
  value(id: string): unknown {
    return this.latest(id)?.returnValue
  }

  /** Put a job into a queue. Returns its id. */
  enqueue(func: string, { args = [], ...facts }: JobFacts = {}): string {
    const record: JobRecord = {
      id: randomHex(),
      origin: 'default',
      status: 'created',
      data: dumpCall(jsonSerializer, { func, args, kwargs: {} }),
      createdAtMs: this.data.nowMs,
      timeoutS: 180,
      results: 'hash',
      description: `${func}(...)`,
      ...facts,
    }
    enqueueAll(this.data, [{ record, atFront: false, unique: false }])
    return record.id
  }

  /** Create a started job of a dead worker, whose lease has ended. Returns its id. */
  abandon(func: string, facts: JobFacts = {}): string {
    const id = this.enqueue(func, facts)
    this.start(id, { workerName: 'dead', leaseMs: 0 })
    const { abandonedCount } = facts
    if (abandonedCount !== undefined) this.recordOf(id).abandonedCount = abandonedCount
    return id
  }

  /** Lease a started job to another worker, without the knowledge of the one that runs it. */
  steal(id: string): void {
    const record = this.recordOf(id)
    leavePlace(this.data, record)
    lease(this.data, record, { workerName: 'thief', endsMs: Number.POSITIVE_INFINITY })
  }

  /** Start a job as a claim would, whatever its status. Returns the execution's id. */
  start(id: string, { workerName = 'worker', leaseMs = HOUR_MS } = {}): string {
    const record = this.recordOf(id)
    leavePlace(this.data, record)
    record.status = 'queued'
    return startJob(this.data, record, { workerName, endsMs: this.data.nowMs + leaseMs })
  }

  /** Start a job and end it, as a worker would. It is kept for `keepS` seconds, -1 = without end. */
  end(id: string, to: Settlement['to'], result?: Settlement['result'], { keepS = 500 } = {}): void {
    const executionId = this.start(id)
    const { groupId, origin: queue, rateLimit, results: dialect } = this.recordOf(id)
    const { nowMs } = this.data
    const settlement: Settlement = {
      ...{ jobId: id, executionId, queue, to, startedAtMs: nowMs, endedAtMs: nowMs, executionRecorded: false },
      ...{ keepS, front: false, delayMs: HOUR_MS, changes: {}, result, dialect, releases: 'all', counts: 'none' },
      ...{ hasDependencies: false, rateLimitKey: rateLimit?.key, groupId },
    }
    settleAll(this.data, 'worker', [settlement])
  }

  /** Let a job expire now. */
  forget(id: string): void {
    this.data.jobs.expire(id, 0)
  }

  /** Send a command to a worker. */
  send(workerName: string, command: WorkerCommand): void {
    this.data.commands.publish(workerName, command)
  }

  async #call(call: PortCall, run: () => Promise<unknown>): Promise<unknown> {
    if (call.name === 'queues.enqueue') {
      this.enqueued.push((call.args[0] as readonly NewJob[]).map(({ record }) => record.id))
    }
    if (call.name.startsWith('workers.') && call.name !== 'workers.waitForWork') this.calls += 1
    if (call.name === 'workers.claim' || call.name === 'workers.settle') await this.#roundTrip()
    if (this.outage !== undefined) throw this.outage
    const reply = await this.onCall(call, run)
    this.#note(call, reply)
    return reply
  }

  /** Claims and settlements take a turn of the event loop, so that several can be concurrent. */
  async #roundTrip(): Promise<void> {
    this.#atOnce += 1
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    this.#atOnce -= 1
  }

  #note({ args, name }: PortCall, reply: unknown): void {
    switch (name) {
      case 'workers.settle': {
        const { answers } = reply as SettleReply
        const settlements = args[1] as readonly Settlement[]
        this.settlements.push(...settlements.filter((_, index) => answers[index] === 'applied'))
        return
      }
      case 'workers.giveBack':
        this.givenBack.push(...(args[0] as readonly Lease[]))
        return
      case 'workers.heartbeat':
        this.heartbeats.push(args[0] as WorkerHeartbeat)
        return
      case 'workers.shutdownRequested':
        this.shutdowns.push(args[0] as string)
        return
      case 'queues.registryCleanup':
        this.cleaned.push(`${args[0]}:${args[1]}`)
        return
      case 'admin.sendCommand':
        this.commands.push(args as [string, WorkerCommand])
    }
  }
}
