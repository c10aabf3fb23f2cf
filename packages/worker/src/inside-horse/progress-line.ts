import { InvalidMessage } from './invalid-message.ts'
import type { FromHorse, TaskEnd } from './protocol.ts'

type Progress = Extract<FromHorse, { type: 'progress' }>

/** The first character of a progress line. */
export const PROGRESS = '>'
const BETWEEN = '\t'
/** Precedes a value. Its absence means that there is none. */
const VALUE = '='
const FIELDS_PER_END = 5
const US_PER_MS = 1000
/** The end of the year 9999: the last time that RQ's text of a time can hold, and Python read. */
const LATEST_MS = Date.UTC(10_000, 0) - 1

/**
 * The compact form of the most frequent message: jobs that have returned, and the one that begins. It is written and
 * read for every job, and JSON would take longer than all other work on a short job. Without the line feed. Undefined
 * when the message holds more than such a line can.
 */
export function writeProgress({ begin, ends, hold, rss }: Progress): string | undefined {
  if (hold !== undefined || rss !== undefined) return undefined
  let line = PROGRESS + (begin ?? '')
  for (const { chainEnded, error, hasFailedImport, id, leaking, outcome, tookMs } of ends) {
    if (outcome?.kind !== 'returned' || (error ?? leaking ?? hasFailedImport ?? chainEnded) !== undefined) {
      return undefined
    }
    const { endedAtMs, startedAtMs, unwritten, value } = outcome
    if (unwritten !== undefined) return undefined
    if (value !== undefined && (typeof value !== 'string' || isBreaking(value))) return undefined
    const tookUs = Math.round(tookMs * US_PER_MS)
    const stored = value === undefined ? '' : VALUE + value
    line += BETWEEN + id + BETWEEN + startedAtMs + BETWEEN + endedAtMs + BETWEEN + tookUs + BETWEEN + stored
  }
  return line
}

/**
 * Read such a line. What it returns is checked: code of a job can write lines, too.
 * @throws InvalidMessage when it is no progress line.
 */
export function readProgress(line: string): Progress {
  const fields = line.slice(PROGRESS.length).split(BETWEEN)
  const [begin = ''] = fields
  if (fields.length % FIELDS_PER_END !== 1 || line === PROGRESS) throw notProgress()
  const ends: TaskEnd[] = []
  for (let at = 1; at < fields.length; at += FIELDS_PER_END) {
    const [id = '', startedAt, endedAt, tookUs, stored = ''] = fields.slice(at, at + FIELDS_PER_END)
    const times = { startedAtMs: integer(startedAt), endedAtMs: integer(endedAt) }
    if (stored !== '' && !stored.startsWith(VALUE)) throw notProgress()
    const value = stored === '' ? undefined : stored.slice(VALUE.length)
    const outcome = { kind: 'returned', ...times, ...(value !== undefined && { value }) } as const
    ends.push({ id, tookMs: integer(tookUs) / US_PER_MS, outcome })
  }
  return { type: 'progress', ends, ...(begin !== '' && { begin }) }
}

/** Whether a value is a time that can be stored, in epoch milliseconds. */
export function isTime(value: unknown): value is number {
  return isAmount(value) && value <= LATEST_MS
}

/** Whether a value is a finite number of at least 0. */
export function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
}

function isBreaking(value: string): boolean {
  return value.includes('\n') || value.includes(BETWEEN)
}

/** Of what a line holds, times are the largest numbers. */
function integer(text: string | undefined): number {
  const value = Number(text)
  if (text === '' || !Number.isInteger(value) || !isTime(value)) throw notProgress()
  return value
}

function notProgress(): InvalidMessage {
  return new InvalidMessage(`it begins with ${PROGRESS} and is not a progress line`)
}
