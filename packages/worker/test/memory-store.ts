import { RqError, randomHex } from '@rq/core'
import {
  type Claimed,
  type ClaimReply,
  type ClaimRequest,
  dumpCall,
  type JobRecord,
  type JobReply,
  type Lease,
  type Payload,
  type ResultType,
  type SettleAnswer,
  type Settlement,
  type Storage,
  type WorkerCommand,
  type WorkerHeartbeat,
  type WorkerIdentity,
  type WorkerStore,
} from '@rq/job'
import { jsonSerializer } from '@rq/serializer'

interface Held {
  readonly executionId: string
  readonly workerName: string
  leaseEndsMs: number
}

export interface StoredResult {
  readonly type: ResultType
  readonly returnValue?: unknown
  readonly excString?: string
}

/** A list with a cheap head: shifting a long array moves all of it. */
class IdList {
  #ids: string[] = []
  #head = 0

  ids(): readonly string[] {
    return this.#ids.slice(this.#head)
  }

  push(id: string): void {
    this.#ids.push(id)
  }

  unshift(id: string): void {
    this.#ids = [id, ...this.ids()]
    this.#head = 0
  }

  shift(): string | undefined {
    const id = this.#ids[this.#head]
    if (id !== undefined) this.#head++
    return id
  }

  remove(id: string): void {
    this.#ids = this.ids().filter((one) => one !== id)
    this.#head = 0
  }
}

/** What a job is given by a test. */
export type JobFacts = Partial<JobRecord> & { args?: readonly unknown[] }

/**
 * The worker's side of a store in this process, for tests of the loop: queues, leases, results, commands.
 * Delayed jobs stay `scheduled`.
 */
export class MemoryStore implements WorkerStore {
  readonly records = new Map<string, JobRecord>()
  readonly results = new Map<string, StoredResult[]>()
  readonly settlements: Settlement[] = []
  readonly givenBack: Lease[] = []
  readonly births = new Map<string, WorkerIdentity>()
  readonly beats: WorkerHeartbeat[] = []
  readonly cleaned: string[] = []
  readonly shutdowns: string[] = []
  /** Most calls of claim and settle under way at once. */
  mostAtOnce = 0
  suspended = false
  /** Set to make every call fail with it. */
  outage: Error | undefined
  calls = 0
  #atOnce = 0
  readonly #queues = new Map<string, IdList>()
  readonly #held = new Map<string, Held>()
  readonly #listeners = new Map<string, (command: WorkerCommand) => void>()
  readonly #waiters = new Set<() => void>()

  /** As much of a storage as a worker and its jobs touch. */
  get storage(): Storage {
    const jobs = {
      fetch: async (ids: readonly string[]) => ids.map((id) => this.records.get(id)),
      status: async (id: string) => this.records.get(id)?.status,
      meta: async (id: string) => this.records.get(id)?.meta,
      saveMeta: async (id: string, meta: Payload, executionId?: string): Promise<JobReply> => {
        const record = this.records.get(id)
        if (record === undefined) return 'missing'
        if (executionId !== undefined && this.#held.get(id)?.executionId !== executionId) return 'refused'
        record.meta = meta
        return 'done'
      },
    }
    const queues = {
      registryCleanup: async (queue: string, kind: string) => {
        this.cleaned.push(`${queue}:${kind}`)
        return 0
      },
    }
    const events = { onListeners: async () => () => {} }
    const admin = { warnings: async () => [] }
    return {
      workers: this,
      jobs,
      queues,
      events,
      admin,
      client: () => 'the client',
      close: async () => {},
    } as unknown as Storage
  }

  /** Put a job into a queue; returns its id. */
  enqueue(func: string, facts: JobFacts = {}): string {
    const { args = [], ...given } = facts
    const id = given.id ?? randomHex()
    const record: JobRecord = {
      origin: 'default',
      status: 'queued',
      data: dumpCall(jsonSerializer, { func, args, kwargs: {} }),
      createdAtMs: Date.now(),
      timeoutS: 180,
      results: 'hash',
      description: `${func}(...)`,
      ...given,
      id,
    }
    this.records.set(id, record)
    this.#push(record, false)
    return id
  }

  status(id: string): string | undefined {
    return this.records.get(id)?.status
  }

  waiting(queue = 'default'): readonly string[] {
    return this.#queues.get(queue)?.ids() ?? []
  }

  latest(id: string): StoredResult | undefined {
    return this.results.get(id)?.at(-1)
  }

  /** The latest return value. */
  value(id: string): unknown {
    return this.latest(id)?.returnValue
  }

  /** Give the job to another worker behind the back of the one that has it. */
  steal(jobId: string): void {
    this.#held.set(jobId, { executionId: randomHex(), workerName: 'thief', leaseEndsMs: Number.POSITIVE_INFINITY })
  }

  /** Leave a started job behind whose lease is over. */
  abandon(func: string, facts: JobFacts = {}): string {
    const id = this.enqueue(func, { ...facts, status: 'started', startedAtMs: Date.now() })
    this.#queues.get(facts.origin ?? 'default')?.remove(id)
    this.#held.set(id, { executionId: randomHex(), workerName: 'dead', leaseEndsMs: 0 })
    return id
  }

  send(workerName: string, command: WorkerCommand): void {
    this.#listeners.get(workerName)?.(command)
  }

  async register(worker: WorkerIdentity): Promise<void> {
    await this.#answer()
    if (this.outage !== undefined) throw this.outage
    if (this.births.has(worker.name)) throw new RqError('RQ_WORKER_NAME_TAKEN', 'taken')
    this.births.set(worker.name, worker)
  }

  async unregister(worker: WorkerIdentity): Promise<void> {
    await this.#answer()
    this.births.delete(worker.name)
  }

  async heartbeat(beat: WorkerHeartbeat): Promise<readonly Lease[]> {
    await this.#answer()
    this.beats.push(beat)
    return beat.leases.filter((lease) => {
      const held = this.#held.get(lease.jobId)
      if (held?.executionId !== lease.executionId) return true
      held.leaseEndsMs = Date.now() + beat.leaseMs
      return false
    })
  }

  async shutdownRequested(workerName: string): Promise<void> {
    this.shutdowns.push(workerName)
  }

  async claim(request: ClaimRequest): Promise<ClaimReply> {
    return this.#alone(() => this.#claim(request))
  }

  async settle(_workerName: string, settlements: readonly Settlement[], claim?: ClaimRequest) {
    return this.#alone(() => ({
      answers: settlements.map((settlement) => this.#settle(settlement)),
      claimed: claim === undefined ? { jobs: [], suspended: false } : this.#claim(claim),
    }))
  }

  async giveBack(leases: readonly Lease[]): Promise<void> {
    await this.#answer()
    this.givenBack.push(...leases)
    for (const { jobId, executionId } of [...leases].reverse()) {
      const record = this.records.get(jobId)
      if (record === undefined || this.#held.get(jobId)?.executionId !== executionId) continue
      this.#held.delete(jobId)
      record.status = 'queued'
      this.#push(record, true)
    }
  }

  async recover(queue: string, workerName: string, leaseMs: number, most: number): Promise<readonly Claimed[]> {
    await this.#answer()
    const recovered: Claimed[] = []
    for (const [jobId, held] of this.#held) {
      const record = this.records.get(jobId)
      if (record?.origin !== queue || held.leaseEndsMs > Date.now() || recovered.length === most) continue
      const executionId = randomHex()
      this.#held.set(jobId, { executionId, workerName, leaseEndsMs: Date.now() + leaseMs })
      record.abandonedCount = (record.abandonedCount ?? 0) + 1
      recovered.push({ executionId, job: { ...record } })
    }
    return recovered
  }

  async releaseDependents(): Promise<boolean> {
    return false
  }

  async cleanUp(): Promise<void> {}

  async waitForWork(queues: readonly string[], timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.outage !== undefined) throw this.outage
    if (queues.some((queue) => this.waiting(queue).length > 0)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiters.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done)
      this.#waiters.add(done)
    })
  }

  async onCommand(workerName: string, listener: (command: WorkerCommand) => void): Promise<() => Promise<void>> {
    await this.#answer()
    this.#listeners.set(workerName, listener)
    return async () => {
      this.#listeners.delete(workerName)
    }
  }

  async workers(): Promise<never[]> {
    return []
  }

  async workerCount(): Promise<number> {
    return this.births.size
  }

  async #answer(): Promise<void> {
    this.calls++
    await null
    if (this.outage !== undefined) throw this.outage
  }

  async #alone<T>(run: () => T): Promise<T> {
    this.calls++
    this.#atOnce++
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce)
    await new Promise((resolve) => setImmediate(resolve))
    this.#atOnce--
    if (this.outage !== undefined) throw this.outage
    return run()
  }

  #push(record: JobRecord, front: boolean): void {
    const list = this.#queues.get(record.origin) ?? new IdList()
    this.#queues.set(record.origin, list)
    if (front) list.unshift(record.id)
    else list.push(record.id)
    for (const wake of [...this.#waiters]) wake()
  }

  #claim({ leaseMs, queues, want, workerName }: ClaimRequest): ClaimReply {
    if (this.suspended) return { jobs: [], suspended: true }
    const jobs: Claimed[] = []
    for (const queue of queues) {
      const list = this.#queues.get(queue)
      while (jobs.length < want) {
        const id = list?.shift()
        if (id === undefined) break
        const record = this.records.get(id)
        if (record === undefined) continue
        record.status = 'started'
        const executionId = randomHex()
        this.#held.set(id, { executionId, workerName, leaseEndsMs: Date.now() + leaseMs })
        jobs.push({ executionId, job: { ...record } })
      }
    }
    return { jobs, suspended: false }
  }

  #settle(settlement: Settlement): SettleAnswer {
    const record = this.records.get(settlement.jobId)
    if (record === undefined) return 'gone'
    if (this.#held.get(settlement.jobId)?.executionId !== settlement.executionId) return 'lost'
    this.#held.delete(settlement.jobId)
    this.settlements.push(settlement)
    Object.assign(record, settlement.changes, { status: settlement.to })
    if (settlement.result !== undefined) {
      const { returnValue, ...rest } = settlement.result
      const value = typeof returnValue === 'string' ? JSON.parse(returnValue) : returnValue
      const list = this.results.get(record.id) ?? []
      this.results.set(record.id, list)
      list.push({ ...rest, ...(returnValue !== undefined && { returnValue: value }) })
    }
    if (settlement.to === 'queued') this.#push(record, settlement.front)
    return 'applied'
  }
}
