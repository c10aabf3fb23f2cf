import { checkOptionNames, MINUTE_MS, type OptionNames, RqError } from '@rq/core'
import { type MessageRecord, MOST_MESSAGE_BYTES, type Payload } from '@rq/job'
import type { JobContext } from '../context.ts'
import { noSuchJob } from '../failure/job-errors.ts'
import { readValue, writeValue } from '../payload/payload.ts'
import { decodePayload, encodePayload } from '../payload/payload-codec.ts'
import { untilAborted } from '../run/until-aborted.ts'
import { invalidOperation } from './job-actions.ts'

/** A message that a running job sent, or that was posted to it. */
export interface Message<T = unknown> {
  readonly value: T
  /** When it was stored, by the clock of Redis. */
  readonly sentAt: Date
  /** The attempt that sent it, from 1; 0 when it was posted. */
  readonly attempt: number
}

/** Options of `job.messages`. */
export interface MessagesOptions {
  /** Ends the loop: it throws the reason of the signal. Default: none. */
  readonly signal?: AbortSignal
}

const NAMES: OptionNames<MessagesOptions> = { signal: true }

/** The longest single wait in the store. */
const LONGEST_WAIT_MS = MINUTE_MS

/** The messages of a job, as `job.messages` says. @throws RqError `RQ_INVALID_OPTION`. */
export function messagesOf<T>(
  jobId: string,
  context: JobContext,
  options: MessagesOptions,
): AsyncGenerator<Message<T>, void, undefined> {
  const { signal } = checkOptionNames(options, NAMES, 'job.messages')
  const signals = [signal, context.signal].filter((one) => one !== undefined)
  return readAll<T>(jobId, context, AbortSignal.any(signals))
}

async function* readAll<T>(
  jobId: string,
  context: JobContext,
  signal: AbortSignal,
): AsyncGenerator<Message<T>, void, undefined> {
  const { executionId, storage } = context
  // A job that runs reads what was posted to it.
  const from = executionId === undefined ? 'job' : 'outside'
  let after: number | undefined
  for (;;) {
    const request = { from, after, timeoutMs: LONGEST_WAIT_MS } as const
    const page = await untilAborted(signal, () => storage.jobs.readMessages(jobId, request, signal))
    signal.throwIfAborted()
    if (page.state === 'missing' && after === undefined && page.messages.length === 0) throw noSuchJob(jobId)
    if (page.lost > 0) throw messagesLost(jobId, page.lost)
    for (const message of page.messages) yield await readMessage<T>(jobId, message, context)
    if (page.state !== 'open') return
    after = page.last
  }
}

async function readMessage<T>(
  jobId: string,
  { attempt, payload, storedAtMs }: MessageRecord,
  { codec, serializer }: JobContext,
): Promise<Message<T>> {
  const decoded = codec === undefined ? payload : await decodePayload(codec, payload, { jobId, field: 'message' })
  return { value: readValue(serializer, decoded, 'message') as T, sentAt: new Date(storedAtMs), attempt }
}

/**
 * Post a value to a job that has not ended.
 * @throws RqError `RQ_NO_SUCH_JOB`, `RQ_INVALID_OPERATION` when it has ended, `RQ_SERIALIZATION`, `RQ_TOO_LARGE`.
 */
export async function postIn(jobId: string, context: JobContext, value: unknown): Promise<void> {
  const payload = await writeMessage(jobId, context, value)
  const answer = await context.storage.jobs.addMessages(jobId, { from: 'outside', payloads: [payload] })
  if (answer === 'missing') throw noSuchJob(jobId)
  if (answer === 'refused') throw invalidOperation(jobId, 'has ended, so nothing can be posted to it')
}

/** A message as it is stored. A promise only with a codec. @throws RqError `RQ_SERIALIZATION`, `RQ_TOO_LARGE`. */
export function writeMessage(
  jobId: string,
  { codec, serializer }: JobContext,
  value: unknown,
): Payload | Promise<Payload> {
  const payload = writeValue(serializer, value, 'the message')
  if (codec === undefined) return checkSize(jobId, payload)
  return encodePayload(codec, payload, { jobId, field: 'message' }).then((encoded) => checkSize(jobId, encoded))
}

function checkSize(jobId: string, payload: Payload): Payload {
  const bytes = Buffer.byteLength(payload)
  if (bytes <= MOST_MESSAGE_BYTES) return payload
  throw new RqError(
    'RQ_TOO_LARGE',
    `Too large: a message of job ${jobId}, ${bytes} bytes; the limit is ${MOST_MESSAGE_BYTES}. ` +
      'Better store the data elsewhere and send its address.',
    { details: { jobId, bytes, most: MOST_MESSAGE_BYTES } },
  )
}

function messagesLost(jobId: string, lost: number): RqError {
  const messages = lost === 1 ? '1 message of' : `${lost} messages of`
  return new RqError(
    'RQ_MESSAGES_LOST',
    `${messages} job ${jobId} went before they were read: this reader is too slow, or was away for too long. ` +
      'Read faster, or send less often; a new loop begins with the oldest message that is kept.',
    { details: { jobId, lost } },
  )
}
