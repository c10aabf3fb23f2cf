import type {
  AdminStore,
  BeginReply,
  CronStore,
  GroupStore,
  JobRecord,
  JobReply,
  JobStatus,
  JobStore,
  NewJob,
  Placement,
  QueueStore,
  RegistryKind,
  ResultRecord,
  SchedulerStore,
  Settlement,
  Storage,
  WorkerCommand,
  WorkerStore,
} from '@rq/job'

/** What a pipeline is to this storage: steps that run when somebody says so. */
export class MemoryPipeline {
  readonly #steps: (() => void)[] = []

  append(step: () => void): void {
    this.#steps.push(step)
  }

  exec(): void {
    for (const step of this.#steps.splice(0)) step()
  }
}

/** The ports in plain memory, as far as the logic of this package needs them. No expiry, no leases, no rate limits. */
export class MemoryStorage implements Storage {
  readonly records = new Map<string, JobRecord>()
  readonly lists = new Map<string, string[]>()
  readonly known = new Set<string>()
  readonly paused = new Set<string>()
  readonly dueMs = new Map<string, number>()
  readonly history = new Map<string, ResultRecord[]>()
  readonly commands: [string, WorkerCommand][] = []
  /** The ids of each `enqueue` call. */
  readonly calls: string[][] = []
  /** Rejects the next calls of `enqueue` with what it returns. */
  refuse: ((jobs: readonly NewJob[]) => unknown) | undefined
  /** When set, `enqueue` answers only when this resolves. */
  gate: Promise<void> | undefined
  closed = 0
  clients = 0
  #executions = 0

  readonly queues: QueueStore = {
    enqueue: async (jobs) => {
      this.calls.push(jobs.map((job) => job.record.id))
      await this.gate
      const error = this.refuse?.(jobs)
      if (error !== undefined) throw error
      return jobs.map((job) => this.place(job))
    },
    enqueueInto: (pipeline, jobs) => {
      for (const job of jobs) (pipeline as MemoryPipeline).append(() => this.place(job))
    },
    begin: async (job): Promise<BeginReply> => {
      const placement = this.place(job)
      if (placement !== 'queued') return { placement: placement as 'deferred' }
      this.unlist(job.record)
      const record = this.recordOf(job.record.id)
      record.status = 'started'
      record.executionId = `execution-${++this.#executions}`
      return { placement: 'started', executionId: record.executionId }
    },
    queueNames: async () => [...this.known],
    pause: async (queue) => void this.paused.add(queue),
    resume: async (queue) => this.paused.delete(queue),
    isPaused: async (queue) => this.paused.has(queue),
    count: async (queue) => this.list(queue).length,
    jobIds: async (queue, offset, length) =>
      this.list(queue).slice(offset, length === -1 ? undefined : offset + length),
    position: async (queue, id) => {
      const index = this.list(queue).indexOf(id)
      return index === -1 ? null : index
    },
    remove: async (queue, id) => {
      const before = this.list(queue)
      const after = before.filter((other) => other !== id)
      this.lists.set(queue, after)
      return before.length - after.length
    },
    compact: async (queue) => {
      const before = this.list(queue)
      const after = before.filter((id) => this.records.has(id))
      this.lists.set(queue, after)
      return before.length - after.length
    },
    empty: async (queue) => {
      const ids = this.list(queue)
      for (const id of ids) this.records.delete(id)
      this.lists.set(queue, [])
      return ids.length
    },
    deleteQueue: async (queue, deleteJobs) => {
      if (deleteJobs) for (const id of this.list(queue)) this.records.delete(id)
      this.lists.delete(queue)
      this.known.delete(queue)
    },
    registryCount: async (queue, kind) => this.members(queue, kind).length,
    registryIds: async (queue, kind, start, end, descending) => {
      const ids = this.members(queue, kind)
      if (descending) ids.reverse()
      return ids.slice(start, end === -1 ? undefined : end + 1)
    },
    registryScoreMs: async (queue, kind, id) =>
      this.members(queue, kind).includes(id) ? (this.dueMs.get(id) ?? Number.POSITIVE_INFINITY) : undefined,
    registryRemove: async (queue, kind, id) => {
      const wasThere = this.members(queue, kind).includes(id)
      if (wasThere) this.recordOf(id).status = 'created'
      return wasThere
    },
    registryCleanup: async () => 0,
  }

  readonly jobs: JobStore = {
    fetch: async (ids) => ids.map((id) => structuredClone(this.records.get(id))),
    exists: async (id) => this.records.has(id),
    explain: async () => undefined,
    status: async (id) => this.records.get(id)?.status,
    save: async (record) => {
      this.records.set(record.id, structuredClone(record))
    },
    saveMeta: async (id, meta, executionId) => {
      const record = this.records.get(id)
      if (record === undefined) return 'missing'
      if (executionId !== undefined && record.executionId !== executionId) return 'refused'
      record.meta = meta
      return 'done'
    },
    meta: async (id) => this.records.get(id)?.meta,
    cancel: async ({ jobId }) => this.cancel(jobId),
    cancelInto: (pipeline, { jobId }) => (pipeline as MemoryPipeline).append(() => this.cancel(jobId)),
    delete: async ({ jobId }) => this.erase(jobId),
    deleteInto: (pipeline, { jobId }) => (pipeline as MemoryPipeline).append(() => this.erase(jobId)),
    requeue: async (id, atFront) => {
      const record = this.records.get(id)
      if (record === undefined) return 'missing'
      if (record.status !== 'failed' && record.status !== 'stopped') return 'refused'
      this.push(record, atFront)
      return 'done'
    },
    results: async (id) => [...(this.history.get(id) ?? [])],
    awaitResult: async (id) => {
      const status = this.records.get(id)?.status
      return { status, result: this.history.get(id)?.[0] ?? null }
    },
    dependentIds: async (id) =>
      [...this.records.values()].filter((record) => record.dependencyIds?.includes(id)).map((record) => record.id),
    executions: async (id) => {
      const executionId = this.records.get(id)?.executionId
      return executionId === undefined ? [] : [{ id: executionId, jobId: id, leaseEndsMs: 1000 }]
    },
  }

  readonly groups: GroupStore = {
    jobIds: async (name) =>
      [...this.records.values()].filter((record) => record.groupId === name).map((record) => record.id),
    names: async () => [...new Set([...this.records.values()].flatMap((record) => record.groupId ?? []))],
  }

  /** Nothing here schedules. */
  readonly schedules = {} as SchedulerStore
  readonly crons = {} as CronStore

  readonly events = {
    listen: async () => () => {},
    onListeners: async () => () => {},
    publish: async () => {},
  }

  readonly admin = {
    sendCommand: async (name: string, command: WorkerCommand) => {
      this.commands.push([name, command])
    },
  } as unknown as AdminStore

  readonly workers = {
    settle: async (workerName: string, settlements: readonly Settlement[]) => ({
      answers: settlements.map((settlement) => this.settle(workerName, settlement)),
      claimed: { jobs: [], suspended: false },
    }),
  } as unknown as WorkerStore

  client(): unknown {
    this.clients++
    return { isClient: true }
  }

  async close(): Promise<void> {
    this.closed++
  }

  /** The jobs of a queue in its order. */
  list(queue: string): string[] {
    return [...(this.lists.get(queue) ?? [])]
  }

  recordOf(id: string): JobRecord {
    const record = this.records.get(id)
    if (record === undefined) throw new Error(`no record ${id}`)
    return record
  }

  /** End a job as a worker would. */
  end(id: string, status: JobStatus, result: Omit<ResultRecord, 'createdAtMs'>): void {
    const record = this.recordOf(id)
    this.unlist(record)
    record.status = status
    this.history.set(id, [{ createdAtMs: Date.now(), ...result }, ...(this.history.get(id) ?? [])])
  }

  private place({ record, atFront, unique, ...time }: NewJob): Placement {
    const dueMs = time.delayMs === undefined ? time.dueMs : Date.now() + time.delayMs
    if (unique && this.records.has(record.id)) return 'duplicate'
    const stored = structuredClone(record)
    this.records.set(record.id, stored)
    this.known.add(record.origin)
    const isUnmet = record.dependencyIds?.some((id) => {
      const status = this.records.get(id)?.status
      return status !== undefined && status !== 'finished'
    })
    if (dueMs !== undefined) {
      this.dueMs.set(record.id, dueMs)
      stored.status = 'scheduled'
    } else if (isUnmet === true) {
      stored.status = 'deferred'
    } else {
      this.push(stored, atFront)
    }
    return stored.status as Placement
  }

  private push(record: JobRecord, atFront: boolean): void {
    const ids = this.list(record.origin)
    this.lists.set(record.origin, atFront ? [record.id, ...ids] : [...ids, record.id])
    record.status = 'queued'
  }

  private unlist(record: JobRecord): void {
    this.lists.set(
      record.origin,
      this.list(record.origin).filter((id) => id !== record.id),
    )
  }

  private members(queue: string, kind: RegistryKind): string[] {
    return [...this.records.values()]
      .filter((record) => record.origin === queue && record.status === kind)
      .map((record) => record.id)
  }

  private cancel(id: string): JobReply {
    const record = this.records.get(id)
    if (record === undefined) return 'missing'
    if (record.status === 'canceled') return 'refused'
    this.unlist(record)
    record.status = 'canceled'
    return 'done'
  }

  private erase(id: string): JobReply {
    const record = this.records.get(id)
    if (record === undefined) return 'missing'
    this.unlist(record)
    this.records.delete(id)
    return 'done'
  }

  private settle(workerName: string, settlement: Settlement): 'applied' | 'lost' | 'gone' {
    const record = this.records.get(settlement.jobId)
    if (record === undefined) return 'gone'
    if (record.executionId !== settlement.executionId) return 'lost'
    record.status = settlement.to
    record.startedAtMs = settlement.startedAtMs
    record.endedAtMs = settlement.endedAtMs
    record.workerName = workerName
    if (settlement.result !== undefined) {
      const entry = { ...settlement.result, createdAtMs: settlement.endedAtMs, workerName }
      this.history.set(record.id, [entry, ...(this.history.get(record.id) ?? [])])
    }
    return 'applied'
  }
}
