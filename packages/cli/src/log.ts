import { LOG_LEVELS, type LogFields, type Logger, type LogLevel, SECOND_MS } from '@rq/core'
import type { Paint } from './output/paint.ts'
import { visible, visibleBlock, visibleJson } from './output/terminal-text.ts'
import { formatTime } from './output/time-text.ts'

export interface LogOptions {
  /** Writes one entry, given without a final line feed. */
  readonly write: (text: string) => void
  readonly format: 'text' | 'json'
  /** Whether text entries name the worker that they are of. */
  readonly ofSeveralWorkers?: boolean
  /** The lowest level to write. */
  readonly level: LogLevel
  /** The time format of text entries, as in `strftime`. RQ's default is `%H:%M:%S`. */
  readonly dateFormat: string
  readonly paint: Paint
  readonly now: () => Date
}

/** Fields of which the messages of a worker say as much as is needed. */
const IN_MESSAGE: ReadonlySet<string> = new Set([
  'jobId',
  'queue',
  'function',
  'worker',
  'attempt',
  'retriesLeft',
  'scheduler',
  'concerns',
])

/** Begins each line below an entry, so that no text of a job, such as an error's, looks like an entry. */
const BELOW = '| '

/**
 * The logger of a worker or scheduler. Text: one line as in RQ (`14:02:11 default: add(1, 2) (id)`), an error's stack
 * below it, each line after `| `. JSON: one object per line with `time`, `level`, `message` and the fields.
 */
export function createLogger(options: LogOptions, given: LogFields = {}): Logger {
  const least = LOG_LEVELS.indexOf(options.level)
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) < least) return
    const entry = { level, message, fields: { ...given, ...fields } }
    options.write(options.format === 'json' ? jsonEntry(entry, options) : textEntry(entry, options))
  }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => createLogger(options, { ...given, ...fields }),
  }
}

interface Entry {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}

function jsonEntry({ level, message, fields }: Entry, { now }: LogOptions): string {
  const facts = { time: now().toISOString(), level, message, ...fields }
  return visibleJson(JSON.stringify(facts, (_key, value) => (typeof value === 'bigint' ? String(value) : value)))
}

function textEntry({ level, message, fields }: Entry, options: LogOptions): string {
  const { now, dateFormat, ofSeveralWorkers = false, paint } = options
  const parts: string[] = []
  const blocks: string[] = []
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || IN_MESSAGE.has(name)) continue
    if (name === 'tookMs' && typeof value === 'number') {
      parts.push(`took ${durationText(value)}`)
      continue
    }
    const text = value instanceof Error ? (value.stack ?? value.message) : textOf(value)
    if (text.includes('\n')) blocks.push(below(text.trimEnd()))
    else parts.push(`${name} ${visible(text)}`)
  }
  if (ofSeveralWorkers && fields.worker !== undefined) parts.push(`worker ${visible(textOf(fields.worker))}`)
  const line = [visible(message), ...parts].join(', ')
  const brush = level === 'error' ? paint.red : level === 'warn' ? paint.yellow : colourOf(message, paint)
  return [`${paint.dim(formatTime(dateFormat, now()))} ${brush(line)}`, ...blocks].join('\n')
}

function durationText(ms: number): string {
  return ms < SECOND_MS ? `${Math.round(ms)} ms` : `${(ms / SECOND_MS).toFixed(2)} s`
}

function below(text: string): string {
  return BELOW + visibleBlock(text).replaceAll('\n', `\n${BELOW}`)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
}

function colourOf(message: string, paint: Paint): (text: string) => string {
  return /: Job OK \(/.test(message) ? paint.green : (text) => text
}
