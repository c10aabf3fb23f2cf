import { PROGRESS, readProgress, writeProgress } from './progress-line.ts'
import type { FromHorse, Task, ToHorse } from './protocol.ts'

type Message = ToHorse | FromHorse

/** The first character of a line with bytes. Progress lines have a mark of their own; all others are JSON objects. */
const WITH_BYTES = '~'
const BYTES_KEY = '~bytes'

/**
 * A message as one line, with the line feed. It is JSON, except for most progress. Bytes (payloads of other
 * serializers, raw data from Python) are written in base64; a message without bytes costs no more than
 * `JSON.stringify`.
 */
export function writeLine(message: Message): string {
  const progress = message.type === 'progress' ? writeProgress(message) : undefined
  if (progress !== undefined) return `${progress}\n`
  if (!mayHoldBytes(message)) return `${JSON.stringify(message)}\n`
  return `${WITH_BYTES}${JSON.stringify(message, packBytes)}\n`
}

function readLine(line: string): unknown {
  if (line.startsWith(PROGRESS)) return readProgress(line)
  return line.startsWith(WITH_BYTES) ? JSON.parse(line.slice(1), unpackBytes) : JSON.parse(line)
}

/** Splits a stream of text into messages. Use one per stream: it keeps the beginning of an incomplete line. */
export class LineReader<M extends Message> {
  readonly #deliver: (message: M) => void
  #begun: string[] = []

  constructor(deliver: (message: M) => void) {
    this.#deliver = deliver
  }

  /** Add the next text of the stream. Delivers every message that it completes. */
  push(text: string): void {
    let at = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
      const tail = text.slice(at, end)
      const line = this.#begun.length === 0 ? tail : this.#begun.join('') + tail
      this.#begun = []
      at = end + 1
      this.#deliver(readLine(line) as M)
    }
    // Kept in pieces, so that a message of many megabytes is joined once.
    if (at < text.length) this.#begun.push(at === 0 ? text : text.slice(at))
  }
}

function mayHoldBytes(message: Message): boolean {
  switch (message.type) {
    case 'tasks':
      return message.tasks.some(taskHoldsBytes)
    case 'progress':
      return message.ends.some(({ outcome }) => outcome !== undefined && 'value' in outcome && isBytes(outcome.value))
    case 'call':
    case 'reply':
      return true
    default:
      return false
  }
}

function taskHoldsBytes({ record }: Task): boolean {
  return isBytes(record.data) || isBytes(record.meta) || isBytes(record.result)
}

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array

// A Buffer's toJSON runs before the replacer gets the value, so read the original from the holder.
function packBytes(this: unknown, key: string, value: unknown): unknown {
  const original = (this as Record<string, unknown>)[key]
  if (!isBytes(original)) return value
  const bytes = Buffer.from(original.buffer, original.byteOffset, original.byteLength)
  return { [BYTES_KEY]: bytes.toString('base64') }
}

function unpackBytes(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(BYTES_KEY in value)) return value
  const text = value[BYTES_KEY]
  return typeof text === 'string' ? Buffer.from(text, 'base64') : value
}
