import { type Call, hasKwargs } from './call.ts'
import { cutDescription, LONGEST_DESCRIPTION } from './limits.ts'
import type { JobRecord, Payload } from './record.ts'

const LONGEST_PART = 75
/** Even the shortest ones take three characters each. */
const MOST_PARTS = Math.ceil(LONGEST_DESCRIPTION / 3)

/**
 * The default description of a job: its call as Python would print it, as RQ's tools show it.
 * Each argument is cut at 75 characters; keyword arguments are sorted. Those that a description has no room for are
 * left out.
 */
export function describeCall(call: Call): string {
  let text = ''
  for (const value of few(call.args)) text += `${text === '' ? '' : ', '}${clip(pythonRepr(value))}`
  if (hasKwargs(call.kwargs)) {
    const keywords = few(Object.keys(call.kwargs)).map((key) => `${key}=${clip(pythonRepr(call.kwargs[key]))}`)
    text += `${text === '' ? '' : ', '}${keywords.sort().join(', ')}`
  }
  return `${call.func}(${text})`
}

/** The description of a call whose arguments are kept secret. */
export function describeFunction(func: string): string {
  return `${func}(...)`
}

/** The longest data that are parsed for a description, in characters. */
const LONGEST_DESCRIBING = 16 * 1024

/** Whether the data show the default description: whether they are a call in plain JSON, which is not very long. */
export function describesItself(data: Payload): data is string {
  return typeof data === 'string' && data.startsWith('["') && data.length <= LONGEST_DESCRIBING
}

/** The description that a job was given, or else its call, if its data show that. */
export function descriptionOf({ data, description }: Pick<JobRecord, 'data' | 'description'>): string | undefined {
  return description ?? (describesItself(data) ? describeData(data) : undefined)
}

/** Another program may have written the data, so they may be anything. */
function describeData(data: string): string | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(data)
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed)) return undefined
  const [func, , args, kwargs] = parsed as unknown[]
  if (typeof func !== 'string' || !Array.isArray(args) || typeof kwargs !== 'object' || kwargs === null)
    return undefined
  return cutDescription(describeCall({ func, args, kwargs: kwargs as Call['kwargs'] }))
}

function few<T>(list: readonly T[]): readonly T[] {
  return list.length > MOST_PARTS ? list.slice(0, MOST_PARTS) : list
}

function clip(text: string): string {
  return text.length > LONGEST_PART ? `${text.slice(0, LONGEST_PART)}...` : text
}

/** Python's `repr` of a plain value. Stops in a deep or large value as soon as the rest would be cut off. */
function pythonRepr(value: unknown, budget = LONGEST_PART + 1): string {
  if (value === null || value === undefined) return 'None'
  if (value === true) return 'True'
  if (value === false) return 'False'
  if (typeof value === 'string') return quote(value.length > budget ? value.slice(0, Math.max(budget, 0)) : value)
  if (typeof value !== 'object') return String(value)
  // The rest will be cut off. A very deep value ends here, before the call stack overflows.
  if (budget <= 0) return '...'
  if (Array.isArray(value)) return `[${reprItems(value, (item, left) => pythonRepr(item, left), budget)}]`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return `<${value.constructor?.name ?? 'object'}>`
  const entries = Object.entries(value)
  return `{${reprItems(entries, ([key, item], left) => `${quote(key)}: ${pythonRepr(item, left)}`, budget)}}`
}

function reprItems<T>(items: readonly T[], repr: (item: T, budget: number) => string, budget: number): string {
  let text = ''
  for (const item of items) {
    if (text.length > budget) break
    text += `${text === '' ? '' : ', '}${repr(item, budget - text.length - 1)}`
  }
  return text
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark
}
