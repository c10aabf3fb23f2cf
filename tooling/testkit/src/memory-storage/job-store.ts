import type {
  AwaitedResult,
  CancelRequest,
  DeleteRequest,
  ExecutionRecord,
  ExpectedEnd,
  ExplanationFacts,
  JobChanges,
  JobRecord,
  JobReply,
  JobStatus,
  JobStore,
  MessagesPage,
  MessagesRequest,
  NewMessages,
  Payload,
  ResultRecord,
} from '@rq/job'
import { DEFAULT_LIMITS, isTerminal } from '@rq/job'
import { cancel } from './canceling.ts'
import { newRecord } from './enqueueing.ts'
import type { MemoryData, StoredJob, StoredWorker } from './memory-data.ts'
import { pipelineOf } from './memory-pipeline.ts'
import { addMessages, readMessages } from './messages.ts'
import { deleteJob, removeLeftOver } from './places.ts'
import { place, waitingFor } from './rate-limits.ts'
import { resultsOf } from './results.ts'
import { refusalOf } from './set-aside.ts'
import { shownRecord } from './shown-record.ts'
import { takeFreeKey } from './unique-keys.ts'

/** What a requeued job must not have from its earlier runs. */
const OF_EARLIER_RUNS = [
  ...(['executionId', 'abandonedCount', 'returnedMs', 'returnForMs'] as const),
  ...(['excInfo', 'result', 'startedAtMs', 'endedAtMs'] as const),
]

export class MemoryJobStore implements JobStore {
  readonly #data: MemoryData
  readonly #closed: AbortSignal

  /** Waits end when `closed` fires. */
  constructor(data: MemoryData, closed: AbortSignal) {
    this.#data = data
    this.#closed = closed
  }

  async fetch(ids: readonly string[], largestBytes = DEFAULT_LIMITS.arguments): Promise<(JobRecord | undefined)[]> {
    return ids.map((id) => {
      const record = this.#data.record(id)
      return record && shownRecord(record, largestBytes)
    })
  }

  async exists(jobId: string): Promise<boolean> {
    return this.#data.jobs.has(jobId)
  }

  async status(jobId: string): Promise<JobStatus | undefined> {
    return this.#data.status(jobId)
  }

  async save(record: JobRecord): Promise<void> {
    const { status: _, ...fields } = newRecord(record)
    const known = this.#data.record(record.id)
    if (known !== undefined) {
      Object.assign(known, fields)
      return
    }
    removeLeftOver(this.#data, record.id)
    this.#data.jobs.set(record.id, { record: newRecord(record), waitsFor: new Set(), deferredTurn: 0 })
  }

  async update(jobId: string, changes: JobChanges, executionId?: string): Promise<JobReply> {
    const record = this.#data.record(jobId)
    if (record === undefined) return 'missing'
    if (executionId !== undefined && record.executionId !== executionId) return 'refused'
    Object.assign(record, changes)
    return 'done'
  }

  async meta(jobId: string): Promise<Payload | undefined> {
    return this.#data.record(jobId)?.meta
  }

  async cancel(request: CancelRequest): Promise<JobReply> {
    return cancel(this.#data, request)
  }

  cancelInto(pipeline: unknown, request: CancelRequest): void {
    pipelineOf(pipeline).append(() => cancel(this.#data, request))
  }

  async delete(request: DeleteRequest): Promise<JobReply> {
    return this.#delete(request)
  }

  deleteInto(pipeline: unknown, request: DeleteRequest): void {
    pipelineOf(pipeline).append(() => this.#delete(request))
  }

  async requeue(jobId: string, atFront: boolean, queue?: string): Promise<JobReply> {
    const record = this.#data.record(jobId)
    if (record === undefined) {
      if (queue !== undefined) this.#data.registry(queue, 'failed').delete(jobId)
      return 'missing'
    }
    if (!this.#data.registry(record.origin, 'failed').delete(jobId)) return 'refused'
    for (const field of OF_EARLIER_RUNS) delete record[field]
    this.#data.expireJob(jobId, record.ttlS ?? Number.POSITIVE_INFINITY)
    place(this.#data, record, atFront)
    takeFreeKey(this.#data, record)
    return 'done'
  }

  async results(jobId: string, largestBytes = DEFAULT_LIMITS.arguments): Promise<ResultRecord[]> {
    return resultsOf(this.#data, jobId, largestBytes)
  }

  async awaitResult(
    jobId: string,
    timeoutMs: number,
    signal?: AbortSignal,
    until: 'result' | 'end' = 'result',
  ): Promise<AwaitedResult> {
    const look = (): AwaitedResult | undefined => {
      const lastWords = this.#data.lastWords.get(jobId)
      if (lastWords !== undefined) return lastWords
      const status = this.#data.status(jobId)
      const isOver = status === undefined || isTerminal(status)
      const answer = { status, result: resultsOf(this.#data, jobId)[0] ?? null }
      return isOver || (until === 'result' && answer.result !== null) ? answer : undefined
    }
    const signals = [signal, this.#closed]
    const found = await this.#data.resultWaits.until({ keys: [jobId], look, timeoutMs, signals })
    return found ?? { status: this.#data.status(jobId), result: resultsOf(this.#data, jobId)[0] ?? null }
  }

  /** Callers are called, so jobs need no mark. */
  waiter(): string {
    return 'caller'
  }

  expectEnd(jobId: string): ExpectedEnd {
    let lastWords: AwaitedResult | undefined
    const stop = this.#data.resultWaits.watch(jobId, () => {
      lastWords = this.#data.lastWords.get(jobId) ?? lastWords
    })
    return {
      wait: async (timeoutMs, _looksFirst, signal) => lastWords ?? this.awaitResult(jobId, timeoutMs, signal, 'end'),
      stop,
    }
  }

  async addMessages(jobId: string, messages: NewMessages): Promise<JobReply> {
    return addMessages(this.#data, jobId, messages)
  }

  readMessages(jobId: string, request: MessagesRequest, signal?: AbortSignal): Promise<MessagesPage> {
    return readMessages(this.#data, jobId, request, [signal, this.#closed])
  }

  async dependentIds(jobId: string): Promise<string[]> {
    return [...(this.#data.dependents.get(jobId) ?? [])]
  }

  async explain(jobId: string): Promise<ExplanationFacts | undefined> {
    const data = this.#data
    const stored = data.jobs.get(jobId)
    if (stored === undefined) return undefined
    const { record, waitsFor } = stored
    const index = data.queue(record.origin).indexOf(jobId)
    const dueMs = data.registry(record.origin, 'scheduled').scoreMs(jobId)
    const limit = data.limits.get(record.rateLimit?.key ?? '')
    const waitingBefore = limit === undefined ? -1 : waitingFor(limit).indexOf(jobId)
    const workers = [...data.workers.values()].filter(({ queues }) => queues.includes(record.origin))
    return {
      record: { ...record },
      position: index === -1 ? null : index,
      ...(dueMs !== undefined && { dueMs }),
      dependencies: [...waitsFor].sort().map((id) => ({ id, status: data.status(id) })),
      releasing: false,
      slotHolders: [...(limit?.holders.keys() ?? [])].map((name) => name.replace(/:.*$/, '')),
      waitingBefore: waitingBefore === -1 ? null : waitingBefore,
      suspended: data.isSuspended,
      paused: data.isPaused(record.origin),
      workers: workers.length,
      pausedWorkers: workers.filter(({ paused }) => paused.includes(record.origin)).length,
      heldBy: workers.flatMap((worker) => heldBy(worker, record.origin)).sort((a, b) => (a.worker < b.worker ? -1 : 1)),
      hasScheduler: data.schedulerLocks.get(record.origin) !== undefined,
      nowMs: data.nowMs,
      ...refusalOf(data, jobId),
    }
  }

  async executions(jobId: string): Promise<ExecutionRecord[]> {
    const record = this.#data.record(jobId)
    if (record === undefined) return []
    const { lastHeartbeatMs, workerName } = record
    const leases = [...this.#data.leases(record.origin).values()].filter((lease) => lease.jobId === jobId)
    return leases.map(({ endsMs, executionId }) => ({
      id: executionId,
      jobId,
      leaseEndsMs: endsMs,
      ...(workerName !== undefined && { workerName }),
      ...(lastHeartbeatMs !== undefined && { lastHeartbeatMs }),
    }))
  }

  #delete({ deleteDependents, jobId }: DeleteRequest): JobReply {
    const stored = this.#data.jobs.get(jobId)
    if (stored === undefined) return 'missing'
    for (const id of deleteDependents ? [...(this.#data.dependents.get(jobId) ?? [])] : []) {
      this.#data.dependents.get(jobId)?.delete(id)
      const dependent = this.#data.jobs.get(id)
      if (dependent !== undefined && isDependent(dependent, jobId)) deleteJob(this.#data, dependent)
    }
    deleteJob(this.#data, stored)
    return 'done'
  }
}

/** Whether a job waits for another, or waited for it: it stays listed there when it is enqueued again without it. */
function isDependent({ record, waitsFor }: StoredJob, jobId: string): boolean {
  return waitsFor.has(jobId) || record.dependencyIds?.includes(jobId) === true
}

/** Whether and why a worker that has not paused a queue holds it back. */
function heldBy({ held, name, paused }: StoredWorker, queue: string): ExplanationFacts['heldBy'] {
  if (paused.includes(queue)) return []
  return held.filter((hold) => hold.queue === queue).map(({ reason, sinceMs }) => ({ worker: name, reason, sinceMs }))
}
