import { randomHex } from '@rq/core'
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
import {
  DEFAULT_LIMITS,
  isJobStatus,
  MESSAGES_KEPT_S,
  MOST_MESSAGE_BYTES,
  MOST_MESSAGES,
  RESULT_HISTORY,
} from '@rq/job'
import { decodeExplanation } from '../codec/explanation-codec.ts'
import { decodeJob, encodeChanges, encodeJob, leftOutOf } from '../codec/job-codec.ts'
import { awaitedOf, decodeResult, hashResult } from '../codec/result-codec.ts'
import { scoreMs, stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import { pipeScript, type WordsOf } from '../connection/script.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { releaseAllDependents } from './dependent-steps.ts'
import { MessageReaders } from './message-readers.ts'
import { setPages } from './pages.ts'
import { ResultWaiters } from './result-waiters.ts'

/** How many dependents one step deletes, so that no step blocks Redis for long. */
const DELETED_AT_ONCE = 500

type CancelWords = WordsOf<typeof scripts.cancel>
type DeleteWords = WordsOf<typeof scripts.deleteJob>

/** How many jobs one step reads, so that no step blocks Redis for long. */
const FETCH_PAGE = 500

export class RedisJobStore implements JobStore {
  readonly #connections: Connections
  readonly #keys: Keys
  #waiters: ResultWaiters
  #readers: MessageReaders

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
    this.#waiters = new ResultWaiters(connections, keys)
    this.#readers = new MessageReaders(connections, keys)
  }

  /** Each step reads up to 500 jobs, and ends when it has read 8 MB. */
  async fetch(ids: readonly string[], largestBytes = DEFAULT_LIMITS.arguments): Promise<(JobRecord | undefined)[]> {
    const records: (JobRecord | undefined)[] = []
    while (records.length < ids.length) {
      const page = ids.slice(records.length, records.length + FETCH_PAGE)
      const first = this.#keys.job(page[0] ?? '')
      const args = [this.#keys.prefix, largestBytes, ...page] as const
      const [jobs, leftOut] = await this.#connections.run(scripts.fetch, [first], [...args])
      const read = jobs.map((fields, index) => decodeJob(page[index] ?? '', fields, leftOutOf(leftOut, index)))
      records.push(...read)
    }
    return records
  }

  async exists(jobId: string): Promise<boolean> {
    return (await this.#connections.call((client) => client.exists(this.#keys.job(jobId)))) === 1
  }

  async status(jobId: string): Promise<JobStatus | undefined> {
    const [status, data] = await this.#connections.call((client) =>
      client.hmget(this.#keys.job(jobId), 'status', 'created_at'),
    )
    if (typeof status === 'string' && isJobStatus(status)) return status
    return typeof data === 'string' ? 'created' : undefined
  }

  async save(record: JobRecord): Promise<void> {
    await this.#connections.run(
      scripts.saveJob,
      [this.#keys.job(record.id)],
      [this.#keys.prefix, record.id, ...encodeJob(record)],
    )
  }

  update(jobId: string, changes: JobChanges, executionId = ''): Promise<JobReply> {
    return this.#connections.run(scripts.updateJob, [this.#keys.job(jobId)], [executionId, ...encodeChanges(changes)])
  }

  async meta(jobId: string): Promise<Payload | undefined> {
    const meta = await this.#connections.call((client) => client.hgetBuffer(this.#keys.job(jobId), 'meta'))
    return meta ?? undefined
  }

  async cancel(request: CancelRequest): Promise<JobReply> {
    const reply = await this.#connections.run(scripts.cancel, ...this.#cancelWords(request))
    if (reply !== 'more') return reply
    await releaseAllDependents(this.#connections, this.#keys)
    return 'done'
  }

  cancelInto(pipeline: unknown, request: CancelRequest): void {
    pipeScript(pipeline, scripts.cancel, ...this.#cancelWords(request))
  }

  async delete(request: DeleteRequest): Promise<JobReply> {
    for (;;) {
      const reply = await this.#connections.run(scripts.deleteJob, ...this.#deleteWords(request, DELETED_AT_ONCE))
      if (reply !== 'more') return reply
    }
  }

  deleteInto(pipeline: unknown, request: DeleteRequest): void {
    pipeScript(pipeline, scripts.deleteJob, ...this.#deleteWords(request, -1))
  }

  requeue(jobId: string, atFront: boolean, queue = ''): Promise<JobReply> {
    const keys: [job: string] = [this.#keys.job(jobId)]
    return this.#connections.run(scripts.requeue, keys, [this.#keys.prefix, jobId, stampNow(), atFront, queue])
  }

  async results(jobId: string, largestBytes?: number): Promise<ResultRecord[]> {
    const [[job], entries] = await Promise.all([
      this.fetch([jobId], largestBytes),
      // Redis may keep more entries than the limit.
      this.#connections.call((client) =>
        client.xrevrangeBuffer(this.#keys.results(jobId), '+', '-', 'COUNT', RESULT_HISTORY),
      ),
    ])
    const history = entries.flatMap(([id, fields]) => decodeResult(id, fields) ?? [])
    const latest = hashResult(job, entries.length === 0)
    return latest === undefined ? history : [latest, ...history].slice(0, RESULT_HISTORY)
  }

  async awaitResult(
    jobId: string,
    timeoutMs: number,
    signal?: AbortSignal,
    until: 'result' | 'end' = 'result',
  ): Promise<AwaitedResult> {
    return (await this.#waiters.wait(jobId, timeoutMs, until === 'end', signal)) ?? this.#latest(jobId)
  }

  waiter(): string | Promise<string> {
    return this.#waiters.channel()
  }

  expectEnd(jobId: string): ExpectedEnd {
    const waiters = this.#waiters
    const expected = waiters.expect(jobId)
    return {
      wait: async (timeoutMs, looksFirst, signal) => {
        expected.noteStored(looksFirst)
        return (await waiters.answer(expected, timeoutMs, signal)) ?? this.#latest(jobId)
      },
      stop: () => waiters.end(expected),
    }
  }

  addMessages(jobId: string, messages: NewMessages): Promise<JobReply> {
    const { from, payloads } = messages
    const [execution, attempt] = from === 'job' ? [messages.executionId, messages.attempt] : ['', 0]
    const { prefix } = this.#keys
    const keys: [job: string, list: string] = [this.#keys.job(jobId), this.#keys.messages(jobId, from)]
    const bounds = [MOST_MESSAGES, MOST_MESSAGE_BYTES, MESSAGES_KEPT_S] as const
    const args = [prefix, jobId, from, execution, attempt, randomHex(), ...bounds, ...payloads] as const
    return this.#connections.run(scripts.addMessages, keys, [...args])
  }

  readMessages(jobId: string, request: MessagesRequest, signal?: AbortSignal): Promise<MessagesPage> {
    return this.#readers.read(jobId, request, signal)
  }

  /** Not atomic. As a wait, it has no limit for the value. */
  async #latest(jobId: string): Promise<AwaitedResult> {
    const [[job], entries] = await Promise.all([
      this.fetch([jobId], Number.MAX_SAFE_INTEGER),
      this.#connections.call((client) => client.xrevrangeBuffer(this.#keys.results(jobId), '+', '-', 'COUNT', 1)),
    ])
    const [[id, fields] = [Buffer.alloc(0), []]] = entries
    return awaitedOf(job, id, fields)
  }

  /** Not atomic: reads the ids page by page. */
  async dependentIds(jobId: string): Promise<string[]> {
    const ids = new Set<string>()
    for (const key of [this.#keys.dependents(jobId), this.#keys.releasingOf(jobId)])
      for await (const page of setPages(this.#connections, key)) for (const id of page) ids.add(id)
    return [...ids]
  }

  async explain(jobId: string): Promise<ExplanationFacts | undefined> {
    const reply = await this.#connections.run(scripts.explain, [this.#keys.job(jobId)], [this.#keys.prefix, jobId])
    return decodeExplanation(jobId, reply)
  }

  async executions(jobId: string): Promise<ExecutionRecord[]> {
    // No payload matters here.
    const [job] = await this.fetch([jobId], 0)
    if (job === undefined) return []
    const started = this.#keys.registry(job.origin, 'started')
    const keys = [started, this.#keys.job(jobId), this.#keys.executions(jobId)] as const
    const leases = await this.#connections.run(scripts.leases, [...keys], [jobId])
    const executions: ExecutionRecord[] = []
    for (let at = 0; at + 1 < leases.length; at += 2) {
      const { lastHeartbeatMs, workerName } = job
      executions.push({
        id: leases[at] ?? '',
        jobId,
        leaseEndsMs: scoreMs(leases[at + 1] ?? ''),
        ...(workerName !== undefined && { workerName }),
        ...(lastHeartbeatMs !== undefined && { lastHeartbeatMs }),
      })
    }
    return executions
  }

  close(): void {
    this.#waiters.close()
    this.#readers.close()
  }

  /** Let callers wait for results again after {@link close}. */
  reopen(): void {
    this.#waiters = new ResultWaiters(this.#connections, this.#keys)
    this.#readers = new MessageReaders(this.#connections, this.#keys)
  }

  #cancelWords({ jobId, enqueueDependents, removeFromDependencies }: CancelRequest): CancelWords {
    const { prefix } = this.#keys
    return [[this.#keys.job(jobId)], [prefix, jobId, stampNow(), enqueueDependents, removeFromDependencies]]
  }

  /** `most`: dependents to delete in one step, -1 = all. */
  #deleteWords({ jobId, deleteDependents }: DeleteRequest, most: number): DeleteWords {
    return [[this.#keys.job(jobId)], [this.#keys.prefix, jobId, stampNow(), deleteDependents ? most : 0]]
  }
}
