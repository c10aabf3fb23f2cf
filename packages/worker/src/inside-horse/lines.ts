import { show } from '@rq/core'
import { InvalidMessage } from './invalid-message.ts'
import { PROGRESS, readProgress, writeProgress } from './progress-line.ts'
import type { FromHorse, Task, ToHorse } from './protocol.ts'
import { readTasks, TASKS, writeTasks } from './tasks-line.ts'

type Message = ToHorse | FromHorse

/**
 * The first character of a line with bytes. Lines of progress and of plain tasks have marks of their own; all others
 * are JSON objects.
 */
export const WITH_BYTES = '~'
export const BYTES_KEY = '~bytes'

/**
 * A message as one line, with the line feed. It is JSON, except for most progress and most tasks. Bytes (payloads of
 * other serializers, raw data from Python) are written in base64; a message without bytes costs no more than
 * `JSON.stringify`.
 */
export function writeLine(message: Message): string {
  const compact = writeCompact(message)
  if (compact !== undefined) return `${compact}\n`
  if (!mayHoldBytes(message)) return `${JSON.stringify(message)}\n`
  return `${WITH_BYTES}${JSON.stringify(message, packBytes)}\n`
}

function writeCompact(message: Message): string | undefined {
  if (message.type === 'progress') return writeProgress(message)
  return message.type === 'tasks' ? writeTasks(message) : undefined
}

export interface LineReaderOptions<M extends Message> {
  /** Called with each message. */
  readonly deliver: (message: M) => void
  /** Makes a message of what JSON holds, or throws. Default: it is believed, as from one who cannot be another. */
  readonly check?: (value: unknown) => M
  /** How many characters a line may have. Default: no limit. */
  readonly longest?: number
}

const SHOWN_LENGTH = 40

/** Splits a stream of text into messages. Use one per stream: it keeps the beginning of an incomplete line. */
export class LineReader<M extends Message> {
  readonly #deliver: (message: M) => void
  readonly #check: (value: unknown) => M
  readonly #longest: number
  #begun: string[] = []
  #begunLength = 0

  constructor({ deliver, check = (value) => value as M, longest = Number.POSITIVE_INFINITY }: LineReaderOptions<M>) {
    this.#deliver = deliver
    this.#check = check
    this.#longest = longest
  }

  /** Length of the line that is not complete. */
  get begunLength(): number {
    return this.#begunLength
  }

  /**
   * Add the next text of the stream. Delivers every message that it completes. Not to be called again once it threw.
   * @throws InvalidMessage, after the messages before it are delivered; what `deliver` throws.
   */
  push(text: string): void {
    let at = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', at)) {
      const tail = text.slice(at, end)
      const line = this.#begun.length === 0 ? tail : this.#join(tail)
      at = end + 1
      this.#deliver(this.#read(line))
    }
    // Kept in pieces, so that a message of many megabytes is joined once.
    if (at < text.length) this.#keep(at === 0 ? text : text.slice(at))
  }

  #keep(text: string): void {
    this.#begun.push(text)
    this.#begunLength += text.length
    if (this.#begunLength <= this.#longest) return
    this.#begun = []
    throw new InvalidMessage(`it has more than ${this.#longest} characters`, { isTooLong: true })
  }

  #join(tail: string): string {
    this.#keep(tail)
    const line = this.#begun.join('')
    this.#begun = []
    this.#begunLength = 0
    return line
  }

  #read(line: string): M {
    // A progress line of a worker is checked while it is read.
    if (line.startsWith(PROGRESS)) return readProgress(line) as M
    return this.#check(line.startsWith(TASKS) ? readTasks(line) : parse(line))
  }
}

function parse(line: string): unknown {
  try {
    return line.startsWith(WITH_BYTES) ? JSON.parse(line.slice(1), unpackBytes) : JSON.parse(line)
  } catch {
    throw new InvalidMessage(`it is no JSON, and begins with ${show(line.slice(0, SHOWN_LENGTH))}`)
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
