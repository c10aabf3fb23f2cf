import { DAY_MS, show } from '@rq/core'
import { isReturnedRetry, LONGEST_ERROR_BYTES } from '@rq/job'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import { isAmount, isTime } from '../inside-horse/progress-line.ts'
import { type FromHorse, type Phase, SETUP_ERROR_CODES } from '../inside-horse/protocol.ts'

/** The worker adds a line or two to some texts, which a horse may then send back. */
const LONGEST_TEXT = 2 * LONGEST_ERROR_BYTES
/** A horse names five at most. */
const MOST_EARLIER_JOBS = 100

const PHASES: Readonly<Record<Phase, true>> = {
  function: true,
  success_callback: true,
  retry_check: true,
  failure_callback: true,
  stopped_callback: true,
  handlers: true,
}

const SETUP_CODES: ReadonlySet<unknown> = new Set(SETUP_ERROR_CODES)

type Fields = Readonly<Record<string, unknown>>

/**
 * Check that a value is a message of a horse: code of a job can write whatever it likes into the channel. Whether the
 * message fits what the horse was given to do, `Horse` checks. Unknown fields are ignored.
 * @throws InvalidMessage
 */
export function checkMessage(value: unknown): FromHorse {
  if (!isFields(value)) throw wrong('it', value, 'an object')
  if (!isOneOf(CHECKS, value.type)) throw wrong('type', value.type, 'a type of message')
  CHECKS[value.type](value)
  return value as unknown as FromHorse
}

const CHECKS: Readonly<Record<FromHorse['type'], (message: Fields) => void>> = {
  ready({ jobNames }) {
    if (jobNames !== undefined) strings('jobNames', jobNames)
  },
  setup_failed({ error }) {
    if (!isFields(error)) throw wrong('error', error, 'an object')
    text('error.message', error.message)
    if (!SETUP_CODES.has(error.code)) throw wrong('error.code', error.code, [...SETUP_CODES].join(' or '))
  },
  draining() {},
  progress({ begin, ends, hold, rss }) {
    if (!Array.isArray(ends)) throw wrong('ends', ends, 'a list')
    if (begin === undefined && ends.length === 0) throw new InvalidMessage('nothing ends and nothing begins')
    if (begin !== undefined) string('begin', begin)
    flag('hold', hold)
    if (rss !== undefined && !isAmount(rss)) throw wrong('rss', rss, AMOUNT)
    for (const [n, end] of ends.entries()) checkEnd(`ends[${n}]`, end)
  },
  released({ ids }) {
    strings('ids', ids)
  },
  phase({ error, id, phase }) {
    string('id', id)
    if (!isOneOf(PHASES, phase)) throw wrong('phase', phase, 'a phase')
    if (error !== undefined) checkError('error', error)
  },
  exposed({ earlierJobs, id }) {
    string('id', id)
    if (earlierJobs === undefined) return
    strings('earlierJobs', earlierJobs)
    if (earlierJobs.length > MOST_EARLIER_JOBS) throw wrong('earlierJobs', earlierJobs, 'the last ones')
  },
  call({ args, call, method, port }) {
    if (!Number.isSafeInteger(call)) throw wrong('call', call, 'a number')
    string('port', port)
    string('method', method)
    if (!Array.isArray(args)) throw wrong('args', args, 'a list')
  },
  warning({ fields = {}, message }) {
    text('message', message)
    if (!isFields(fields) || !Object.values(fields).every(isAmount)) throw wrong('fields', fields, 'amounts')
  },
  bad_handler({ error }) {
    text('error', error)
  },
  fatal({ error, jobId }) {
    text('error', error)
    if (jobId !== undefined) string('jobId', jobId)
  },
  exit({ jobId }) {
    if (jobId !== undefined) string('jobId', jobId)
  },
}

const AMOUNT = 'a number of at least 0'

function checkEnd(at: string, end: unknown): void {
  if (!isFields(end)) throw wrong(at, end, 'an object')
  const { chainEnded, error, hasFailedImport, id, leaking, outcome, tookMs, unsigned } = end
  string(`${at}.id`, id)
  if (!isAmount(tookMs)) throw wrong(`${at}.tookMs`, tookMs, AMOUNT)
  flag(`${at}.leaking`, leaking)
  flag(`${at}.hasFailedImport`, hasFailedImport)
  flag(`${at}.chainEnded`, chainEnded)
  flag(`${at}.unsigned`, unsigned)
  if (error !== undefined) checkError(`${at}.error`, error)
  if (outcome !== undefined) checkOutcome(`${at}.outcome`, outcome)
}

/** A clock may be set back between the two times. */
function checkOutcome(at: string, outcome: unknown): void {
  if (!isFields(outcome)) throw wrong(at, outcome, 'an object')
  const { endedAtMs, error, isFinal, kind, remote, retry, retryDelayMs, startedAtMs, unwritten, value } = outcome
  if (!isTime(startedAtMs)) throw wrong(`${at}.startedAtMs`, startedAtMs, TIME)
  if (!isTime(endedAtMs)) throw wrong(`${at}.endedAtMs`, endedAtMs, TIME)
  switch (kind) {
    case 'returned':
      checkPayload(`${at}.value`, value)
      if (unwritten !== undefined) string(`${at}.unwritten`, unwritten)
      return
    case 'returned_retry':
      checkPayload(`${at}.value`, value)
      if (!isFields(retry) || !isReturnedRetry(retry)) throw wrong(`${at}.retry`, retry, 'max and intervalsS')
      return
    case 'raised':
      text(`${at}.error`, error)
      if (remote !== undefined) text(`${at}.remote`, remote)
      flag(`${at}.isFinal`, isFinal)
      if (retryDelayMs !== undefined && !isDelay(retryDelayMs)) throw wrong(`${at}.retryDelayMs`, retryDelayMs, DELAY)
      return
    case 'unknown_function':
      text(`${at}.error`, error)
      if (remote !== undefined) text(`${at}.remote`, remote)
      return
    case 'stopped':
      text(`${at}.error`, error)
      return
    default:
      throw wrong(`${at}.kind`, kind, 'returned, returned_retry, raised, unknown_function or stopped')
  }
}

const TIME = 'milliseconds since 1970'

function checkPayload(at: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'string' && !(value instanceof Uint8Array)) {
    throw wrong(at, value, 'text or bytes')
  }
}

function checkError(at: string, error: unknown): void {
  if (!isFields(error)) throw wrong(at, error, 'an object')
  text(`${at}.name`, error.name)
  text(`${at}.message`, error.message)
  text(`${at}.text`, error.text)
  if (error.remote !== undefined) text(`${at}.remote`, error.remote)
}

const LONGEST_DELAY_MS = 1000 * 365 * DAY_MS
const DELAY = `milliseconds, at most ${LONGEST_DELAY_MS}`

function isDelay(value: unknown): boolean {
  return isAmount(value) && value <= LONGEST_DELAY_MS
}

function text(at: string, value: unknown): void {
  string(at, value)
  if (value.length > LONGEST_TEXT) throw wrong(`${at}.length`, value.length, `at most ${LONGEST_TEXT}`)
}

function string(at: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrong(at, value, 'a string')
}

function strings(at: string, value: unknown): asserts value is string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw wrong(at, value, 'a list of strings')
  }
}

function flag(at: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrong(at, value, 'true or false')
}

function isOneOf<K extends string>(names: Readonly<Record<K, unknown>>, value: unknown): value is K {
  return typeof value === 'string' && Object.hasOwn(names, value)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function wrong(at: string, value: unknown, expected: string): InvalidMessage {
  return new InvalidMessage(`${at} is ${show(value)}, expected ${expected}`)
}
