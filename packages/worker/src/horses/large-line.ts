import { StringDecoder } from 'node:string_decoder'
import { randomHex } from '@rq/core'
import type { Payload } from '@rq/job'
import { BYTES_KEY, WITH_BYTES } from '../inside-horse/lines.ts'
import type { ToHorse } from '../inside-horse/protocol.ts'

/** Payloads of this length come as bytes, and are written in pieces. */
const LARGE = 256 * 1024
/** A multiple of 3: base64 of such pieces is that of the whole. */
const PIECE = 48 * 1024

/** Stands for a payload in the JSON around it. It is random, so no text of a job holds it. */
const MARK = `~${randomHex()}:`

const isLargePayload = (value: unknown): value is Uint8Array => value instanceof Uint8Array && value.length >= LARGE

/** Whether a message has payloads that are better written in pieces. */
export function isLarge(message: ToHorse): boolean {
  if (message.type !== 'tasks') return false
  return message.tasks.some(
    ({ record }) => isLargePayload(record.data) || isLargePayload(record.meta) || isLargePayload(record.result),
  )
}

/** The line of such a message in pieces, as `writeLine` would make it. Each is made when it is asked for. */
export function* lineParts(message: ToHorse): Generator<string> {
  if (message.type !== 'tasks') throw new TypeError('Only tasks have payloads.')
  const payloads: Uint8Array[] = []
  let hasBytes = false
  const marked = (payload: Payload | undefined) => {
    if (!(payload instanceof Uint8Array)) return payload
    const isLargeText = isLargePayload(payload) && isText(payload)
    if (!isLargeText) hasBytes = true
    return isLargePayload(payload) ? `${MARK}${payloads.push(payload) - 1}~` : { [BYTES_KEY]: base64Of(payload) }
  }
  // Marked in a copy, and not by a replacer: JSON.stringify would first make an array of numbers of a Buffer.
  const tasks = message.tasks.map(({ record, ...task }) => {
    const [data, meta, result] = [marked(record.data), marked(record.meta), marked(record.result)]
    return { ...task, record: { ...record, data, meta, result } }
  })
  const json = JSON.stringify({ ...message, tasks })
  let rest = hasBytes ? WITH_BYTES + json : json
  for (const [n, payload] of payloads.entries()) {
    const mark = `"${MARK}${n}~"`
    const at = rest.indexOf(mark)
    yield rest.slice(0, at)
    yield* isText(payload) ? quoted(payload) : encoded(payload)
    rest = rest.slice(at + mark.length)
  }
  yield `${rest}\n`
}

/** Whether bytes may be JSON, as `data` of our serializers: the horse gets a string then. */
function isText(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0
  return first < 0x80 && first >= 0x09 && first !== 0x78
}

function* quoted(payload: Uint8Array): Generator<string> {
  const decoder = new StringDecoder('utf8')
  const escaped = (text: string) => JSON.stringify(text).slice(1, -1)
  yield '"'
  for (let at = 0; at < payload.length; at += PIECE) {
    yield escaped(decoder.write(viewOf(payload.subarray(at, at + PIECE))))
  }
  yield `${escaped(decoder.end())}"`
}

function* encoded(payload: Uint8Array): Generator<string> {
  yield `{"${BYTES_KEY}":"`
  for (let at = 0; at < payload.length; at += PIECE) yield base64Of(payload.subarray(at, at + PIECE))
  yield '"}'
}

const base64Of = (bytes: Uint8Array): string => viewOf(bytes).toString('base64')

function viewOf({ buffer, byteLength, byteOffset }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}
