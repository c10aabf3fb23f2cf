import { RqError, show } from '@rq/core'

// Not left to croner, which computes the ticks: its errors do not say where in an expression the mistake is, and it
// accepts more than docs/time.md promises.

/** One field of a cron expression: its name in messages, its numbers, and the names of its numbers. */
interface Field {
  readonly name: string
  readonly least: number
  readonly most: number
  /** In the order of the numbers, from `least`. */
  readonly names?: readonly string[]
  readonly extras?: 'day' | 'weekday'
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const SECOND: Field = { name: 'second', least: 0, most: 59 }
const FIELDS: readonly Field[] = [
  { name: 'minute', least: 0, most: 59 },
  { name: 'hour', least: 0, most: 23 },
  { name: 'day of month', least: 1, most: 31, extras: 'day' },
  { name: 'month', least: 1, most: 12, names: MONTHS },
  { name: 'day of week', least: 0, most: 7, names: WEEKDAYS, extras: 'weekday' },
]
const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}
/** Enough to list every minute and second, and too short to cost time or memory. */
const LONGEST = 500
const EXAMPLE = "five or six fields such as '30 9 * * MON-FRI' or '*/10 * * * * *'"

/**
 * Check a cron expression and return its normal form: one space between fields, names in capitals, nicknames written
 * out. Five fields (minute, hour, day of month, month, day of week) or six, the second first; `*`, `?`, numbers,
 * ranges, lists, `/step` of `*` or a range, names, `L`, `15W`, `LW`, `FRI#2`, `FRI#L` or `5L`, and `+` before the day
 * of week: that and the day of month.
 * @throws RqError `RQ_INVALID_OPTION`, its `details` with `position` (from 1) and `field` of the mistake.
 */
export function checkCronExpression(text: unknown): string {
  if (typeof text !== 'string') throw invalidCron(text, `expected ${EXAMPLE}`)
  if (text.length > LONGEST) throw invalidCron(text, `it is longer than ${LONGEST} characters`, LONGEST + 1)
  const trimmed = text.trim()
  if (trimmed.startsWith('@')) {
    const full = NICKNAMES[trimmed.toLowerCase()]
    if (full === undefined) throw invalidCron(text, `expected ${Object.keys(NICKNAMES).join(', ')}`, at(text, trimmed))
    return full
  }
  const words = [...text.matchAll(/\S+/g)]
  const fields = words.length === FIELDS.length + 1 ? [SECOND, ...FIELDS] : FIELDS
  if (words.length !== fields.length) {
    const extra = words[FIELDS.length + 1]
    throw invalidCron(text, `it has ${words.length} fields, expected ${EXAMPLE}`, (extra?.index ?? text.length) + 1)
  }
  return words.map((word, index) => checkField(text, word.index, word[0], fields[index] as Field)).join(' ')
}

/**
 * The error for a mistake in a cron expression. `position`, from 1, and `field`: the place of the mistake, if it has
 * one.
 */
export function invalidCron(text: unknown, why: string, position?: number, field?: string): RqError {
  const where = position === undefined ? '' : ` at position ${position}`
  const what = field === undefined ? '' : ` (${field})`
  return new RqError('RQ_INVALID_OPTION', `Invalid cron ${show(text)}${where}${what}: ${why}.`, {
    details: { option: 'cron', ...(position !== undefined && { position }), ...(field !== undefined && { field }) },
  })
}

function checkField(text: string, start: number, word: string, field: Field): string {
  const both = field.extras === 'weekday' && word.startsWith('+')
  let from = start + (both ? 1 : 0)
  const items = word.slice(both ? 1 : 0).split(',')
  for (const item of items) {
    const alone = items.length === 1 || item.toUpperCase() !== 'LW'
    const why = alone ? problemOf(item.toUpperCase(), field) : 'LW cannot be part of a list'
    if (why !== undefined) throw invalidCron(text, why, from + 1, field.name)
    from += item.length + 1
  }
  return word.toUpperCase()
}

function problemOf(item: string, field: Field): string | undefined {
  if (item === '') return 'there is nothing here; a list is written 1,2,3'
  const [range = '', step, ...more] = item.split('/')
  if (more.length > 0) return `${show(item)} has more than one step`
  if (step !== undefined) return problemOfStep(range, step, field) ?? problemOfRange(range, field)
  if (field.extras === 'day') {
    if (item === 'L' || item === 'LW') return undefined
    if (item.endsWith('W')) return problemOfValue(item.slice(0, -1), field)
  }
  if (field.extras === 'weekday') {
    const [, days, which, isLast] = /^(.*?)(?:#(.*)|(L))$/.exec(item) ?? []
    if (isLast !== undefined) return problemOfValue(days ?? '', field)
    if (which !== undefined && !/^[1-5L]$/.test(which)) return `${show(which)} after # is not 1 to 5 or L`
    if (which !== undefined && (days === '*' || days === '?')) return 'a weekday is expected before #'
    if (which !== undefined) return problemOfRange(days ?? '', field)
  }
  return problemOfRange(item, field)
}

function problemOfStep(range: string, step: string, field: Field): string | undefined {
  if (!/^\d{1,3}$/.test(step) || Number(step) < 1 || Number(step) > field.most) {
    return `the step ${show(step)} is not a number from 1 to ${field.most}`
  }
  if (range === '*' || range === '?' || range.includes('-')) return undefined
  return `a step needs a range before it, such as */${step}, not ${show(range)}`
}

function problemOfRange(item: string, field: Field): string | undefined {
  if (item === '*' || item === '?') return undefined
  const ends = item.split('-')
  if (ends.length > 2) return `${show(item)} is not a range such as 1-5`
  for (const end of ends) {
    const why = problemOfValue(end, field)
    if (why !== undefined) return why
  }
  const [first, last] = ends.map((end) => numberOf(end, field))
  if (last !== undefined && first !== undefined && first > last) return `the range ${show(item)} runs backwards`
  return undefined
}

function problemOfValue(value: string, field: Field): string | undefined {
  const number = numberOf(value, field)
  if (number === undefined) {
    const names = field.names === undefined ? '' : ` or a name such as ${field.names[1]}`
    return `${show(value)} is not a number from ${field.least} to ${field.most}${names}`
  }
  if (number < field.least || number > field.most) return `${number} is not from ${field.least} to ${field.most}`
  return undefined
}

function numberOf(value: string, field: Field): number | undefined {
  if (/^\d{1,4}$/.test(value)) return Number(value)
  const index = field.names?.indexOf(value) ?? -1
  return index === -1 ? undefined : index + field.least
}

function at(text: string, part: string): number {
  return text.indexOf(part) + 1
}
