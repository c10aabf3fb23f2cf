import type { FromHorse, TaskEnd } from './protocol.ts'

type Progress = Extract<FromHorse, { type: 'progress' }>

/** The first character of such a line. */
export const PROGRESS = '>'
const BETWEEN = '\t'
/** Before a value, since there may be none. */
const VALUE = '='
const WORDS_PER_END = 5
const US_PER_MS = 1000

/**
 * What a horse tells most, short jobs that have returned and the one that begins, in fewer words than JSON has: it is written
 * and read for every job, and JSON takes longer than everything else about a short one. Without line feed; undefined when
 * there is more to say than such a line can.
 */
export function writeProgress({ begin, ends, hold, rss }: Progress): string | undefined {
  if (hold !== undefined || rss !== undefined) return undefined
  let line = PROGRESS + (begin ?? '')
  for (const { chainEnded, error, id, leaking, outcome, tookMs } of ends) {
    if (outcome?.kind !== 'returned' || (error ?? leaking ?? chainEnded) !== undefined) return undefined
    const { endedAtMs, startedAtMs, value } = outcome
    if (value !== undefined && (typeof value !== 'string' || isBreaking(value))) return undefined
    const tookUs = Math.round(tookMs * US_PER_MS)
    const stored = value === undefined ? '' : VALUE + value
    line += BETWEEN + id + BETWEEN + startedAtMs + BETWEEN + endedAtMs + BETWEEN + tookUs + BETWEEN + stored
  }
  return line
}

/** @throws Error when it is none. */
export function readProgress(line: string): Progress {
  const words = line.slice(PROGRESS.length).split(BETWEEN)
  if (words.length % WORDS_PER_END !== 1) throw new Error('Not a line of progress.')
  const ends: TaskEnd[] = []
  for (let at = 1; at < words.length; at += WORDS_PER_END) {
    const [id = '', startedAt, endedAt, tookUs, stored = ''] = words.slice(at, at + WORDS_PER_END)
    const times = { startedAtMs: integer(startedAt), endedAtMs: integer(endedAt) }
    const value = stored === '' ? undefined : stored.slice(VALUE.length)
    const outcome = { kind: 'returned', ...times, ...(value !== undefined && { value }) } as const
    ends.push({ id, tookMs: integer(tookUs) / US_PER_MS, outcome })
  }
  return { type: 'progress', ends, ...(words[0] !== '' && { begin: words[0] }) }
}

function isBreaking(value: string): boolean {
  return value.includes('\n') || value.includes(BETWEEN)
}

function integer(text: string | undefined): number {
  const value = Number(text)
  if (text === '' || !Number.isInteger(value)) throw new Error('Not a line of progress.')
  return value
}
