import { PROGRESS, readProgress, writeProgress } from './progress-line.ts'
import type { FromHorse, Task, ToHorse } from './protocol.ts'

type Message = ToHorse | FromHorse

/** Marks a line that holds bytes; one of progress has a mark of its own, and every other is plain JSON and begins with a brace. */
const WITH_BYTES = '~'
const BYTES_KEY = '~bytes'

/**
 * A message as one line, line feed included: of JSON, but for most progress. Bytes (payloads of other serializers, raw data from Python) are
 * written in base64; the common message has none and costs no more than `JSON.stringify`.
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

/** Cuts a stream of text into messages. One per stream: it keeps the beginning of the line that is not complete yet. */
export class LineReader<M extends Message> {
  readonly #deliver: (message: M) => void
  #begun: string[] = []

  constructor(deliver: (message: M) => void) {
    this.#deliver = deliver
  }

  /** The next text of the stream; delivers every message that it completes. */
  push(text: string): void {
    let at = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
      const tail = text.slice(at, end)
      const line = this.#begun.length === 0 ? tail : this.#begun.join('') + tail
      this.#begun = []
      at = end + 1
      this.#deliver(readLine(line) as M)
    }
    // Kept in pieces, so that a message of many megabytes is put together once.
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

// A Buffer's toJSON has run before a replacer sees the value, so it looks at the holder.
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
