import { SECOND_MS } from '@rq/core'
import {
  isTerminal,
  type JobReply,
  MESSAGES_KEPT_S,
  type MessageRecord,
  type MessageSource,
  type MessagesPage,
  type MessagesRequest,
  MOST_MESSAGE_BYTES,
  MOST_MESSAGES,
  type NewMessages,
} from '@rq/job'
import type { MemoryData, StoredJob } from './memory-data.ts'

/** How long the messages of a job that has ended are kept. */
const KEPT_AFTER_END_MS = 60 * SECOND_MS

/** The messages of a job and source. */
export interface StoredMessages {
  /** The job of this id that they belong to: there may be another one by now. */
  readonly of: StoredJob
  last: number
  kept: MessageRecord[]
  endsMs: number
}

const SOURCES = ['job', 'outside'] as const

/** The key of the messages of a job and source. */
const keyOf = (jobId: string, from: MessageSource) => `${from}:${jobId}`

export function addMessages(data: MemoryData, jobId: string, messages: NewMessages): JobReply {
  const stored = data.jobs.get(jobId)
  if (stored === undefined) return 'missing'
  const { executionId, status } = stored.record
  if (messages.from === 'job' && executionId !== messages.executionId) return 'refused'
  // One that was canceled while it runs may send.
  if (isTerminal(status) && (status !== 'canceled' || messages.from === 'outside')) return 'refused'
  forgetEarlier(data, jobId)
  const list = listOf(data, jobId, messages.from) ?? { of: stored, last: 0, kept: [], endsMs: 0 }
  const attempt = messages.from === 'job' ? messages.attempt : 0
  for (const payload of messages.payloads) {
    list.last += 1
    list.kept.push({ number: list.last, attempt, storedAtMs: data.nowMs, payload })
  }
  while (list.kept.length > MOST_MESSAGES || bytesOf(list.kept) > MOST_MESSAGE_BYTES) list.kept.shift()
  list.endsMs = data.nowMs + MESSAGES_KEPT_S * SECOND_MS
  data.messages.set(keyOf(jobId, messages.from), list)
  data.messageWaits.wake(jobId)
  return 'done'
}

/** Forget the messages of an earlier job of the id. */
function forgetEarlier(data: MemoryData, jobId: string): void {
  for (const from of SOURCES) if (listOf(data, jobId, from) === undefined) data.messages.delete(keyOf(jobId, from))
}

/** Wait for a message, as `JobStore.readMessages` says. */
export async function readMessages(
  data: MemoryData,
  jobId: string,
  { after, from, timeoutMs }: MessagesRequest,
  signals: readonly (AbortSignal | undefined)[],
): Promise<MessagesPage> {
  const first = page(data, jobId, from, after)
  if (hasNews(first)) return first
  const look = () => {
    const next = page(data, jobId, from, after ?? first.last)
    return hasNews(next) ? next : undefined
  }
  const keys = [jobId]
  return (await data.messageWaits.until({ keys, look, timeoutMs, signals })) ?? page(data, jobId, from, after)
}

/** A job is over, or about to go: let its readers have what is kept for a minute. */
export function endMessages(data: MemoryData, jobId: string): void {
  data.messages.delete(keyOf(jobId, 'outside'))
  const sent = data.messages.get(keyOf(jobId, 'job'))
  if (sent !== undefined) sent.endsMs = data.nowMs + KEPT_AFTER_END_MS
  data.messageWaits.wake(jobId)
}

function page(data: MemoryData, jobId: string, from: MessageSource, after: number | undefined): MessagesPage {
  const stored = data.jobs.get(jobId)
  const list = listOf(data, jobId, from)
  const last = list?.last ?? 0
  const kept = list === undefined || list.endsMs <= data.nowMs ? [] : list.kept
  const oldest = kept[0]?.number ?? last + 1
  const start = after === undefined ? oldest : after + 1
  const isOver = stored !== undefined && isTerminal(stored.record.status)
  return {
    state: stored === undefined ? 'missing' : isOver ? 'over' : 'open',
    messages: kept.filter(({ number }) => number >= start),
    last,
    lost: Math.max(0, oldest - start),
  }
}

function listOf(data: MemoryData, jobId: string, from: MessageSource): StoredMessages | undefined {
  const list = data.messages.get(keyOf(jobId, from))
  const job = data.jobs.get(jobId)
  return job === undefined || list?.of === job ? list : undefined
}

function hasNews({ lost, messages, state }: MessagesPage): boolean {
  return state !== 'open' || lost > 0 || messages.length > 0
}

function bytesOf(messages: readonly MessageRecord[]): number {
  return messages.reduce((bytes, { payload }) => bytes + Buffer.byteLength(payload), 0)
}
