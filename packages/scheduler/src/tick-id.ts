import { createHash } from 'node:crypto'

const LONGEST_SLUG = 80

/**
 * The start of the ids of all jobs of a cron job, or of a schedule: readable, of the characters that an id may have,
 * and different for every name and slot.
 */
export function idStart(name: string, slot: number, kind: 'cron' | 'schedule' = 'cron'): string {
  const slug = name
    .replace(/[^A-Za-z0-9_]+/g, '-')
    .replace(/^-/, '')
    .slice(0, LONGEST_SLUG)
  const hash = createHash('sha256').update(`${slot} ${name}`).digest('hex').slice(0, 10)
  return `${kind}-${slug}-${hash}-`
}

/** The id of the job of a tick: the same in every scheduler. */
export function tickId(start: string, tickMs: number): string {
  return `${start}${new Date(tickMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}
