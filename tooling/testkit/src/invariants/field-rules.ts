import { JOB_STATUSES, RESULT_TYPE_NUMBERS } from '@rq/job'

/** The values that a field may hold, and the words for them in a message. */
interface Rule {
  readonly holds: RegExp | ((text: string) => boolean)
  readonly expected: string
}

const INTEGER: Rule = { holds: /^-?\d{1,15}$/, expected: 'an integer' }
const FLAG: Rule = { holds: /^[01]$/, expected: '0 or 1' }
const TIME: Rule = { holds: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/, expected: 'a time with six digits and Z' }
const TIME_OR_EMPTY: Rule = {
  holds: (text) => text === '' || matches(TIME, text),
  expected: `${TIME.expected}, or empty`,
}
const SECONDS: Rule = { holds: /^\d+(\.\d+)?(e-?\d+)?$/, expected: 'seconds' }
const TEXT: Rule = { holds: /[\s\S]/, expected: 'a non-empty string' }
const ANY: Rule = { holds: /^/, expected: 'anything' }
const EXECUTION: Rule = { holds: /^[0-9a-f]{8,64}$/, expected: 'hex digits' }
/** The end of an execution that was set aside is part of the name, so that it owns its job no longer. */
const OWNER: Rule = { holds: /^[0-9a-f]{8,64}(-ended)?$/, expected: 'hex digits, or hex digits and -ended' }
const BASE64: Rule = { holds: /^[A-Za-z0-9+/]*={0,2}$/, expected: 'base64' }

const JOB_ID: Rule = { holds: /^[A-Za-z0-9_-]{1,200}$/, expected: 'letters, digits, "_" or "-"' }
const JOB_IDS = json('a JSON list of job ids', (item) => typeof item === 'string' && matches(JOB_ID, item))
const HELD: Rule = {
  holds: /^(no|failed):\d{1,15}:[^,]+(,(no|failed):\d{1,15}:[^,]+)*$/,
  expected: 'reason:since:queue, …',
}
const INTEGERS = json('a JSON list of integers', Number.isInteger)

/** The fields of the job hash: RQ's, as its readers accept them, and ours. */
const JOB: Readonly<Record<string, Rule>> = {
  data: TEXT,
  status: oneOf(JOB_STATUSES.filter((status) => status !== 'ready_to_enqueue')),
  origin: TEXT,
  created_at: TIME,
  enqueued_at: TIME,
  started_at: TIME_OR_EMPTY,
  ended_at: TIME_OR_EMPTY,
  last_heartbeat: TIME_OR_EMPTY,
  description: ANY,
  worker_name: ANY,
  group_id: ANY,
  meta: TEXT,
  timeout: INTEGER,
  result_ttl: INTEGER,
  failure_ttl: INTEGER,
  ttl: { holds: /^[1-9]\d*$/, expected: 'a positive integer' },
  success_callback_name: ANY,
  failure_callback_name: ANY,
  stopped_callback_name: ANY,
  success_callback_timeout: INTEGER,
  failure_callback_timeout: INTEGER,
  stopped_callback_timeout: INTEGER,
  retries_left: INTEGER,
  retry_max: INTEGER,
  retry_on: TEXT,
  failure_callback_when: oneOf(['last']),
  retry_intervals: INTEGERS,
  enqueue_at_front_on_retry: FLAG,
  number_of_retries: INTEGER,
  repeats_left: INTEGER,
  repeat_intervals: INTEGERS,
  dependency_id: JOB_ID,
  dependency_ids: JOB_IDS,
  allow_dependency_failures: FLAG,
  enqueue_at_front: FLAG,
  rate_limit_key: TEXT,
  rate_limit_concurrency: INTEGER,
  webhooks: json('a JSON list of objects', (item) => typeof item === 'object' && item !== null),
  exc_info: ANY,
  result: TEXT,
  execution_id: OWNER,
  results: oneOf(['stream']),
  waiters: TEXT,
  messages: { holds: /^\d+ \d+ \d+ \d+$/, expected: 'numbers and bytes of messages' },
  abandoned_count: INTEGER,
  returned_ms: INTEGER,
  return_for_ms: INTEGER,
  repeats_done: INTEGER,
  unique: TEXT,
  unique_key: TEXT,
  unique_until: oneOf(['started', 'deleted']),
  listed_once: oneOf(['1']),
  signature: TEXT,
}
/** `last_heartbeat`: a Python worker deletes a job whose heartbeat creates that field. */
const JOB_NEEDS = ['data', 'status', 'origin', 'created_at', 'last_heartbeat']

const WORKER: Readonly<Record<string, Rule>> = {
  birth: TIME,
  last_heartbeat: TIME,
  death: TIME,
  shutdown_requested_date: TIME,
  alive_until: SECONDS,
  instance: TEXT,
  queues: TEXT,
  pid: INTEGER,
  hostname: ANY,
  ip_address: ANY,
  version: ANY,
  python_version: ANY,
  state: oneOf(['started', 'suspended', 'busy', 'idle']),
  current_job: JOB_ID,
  paused: TEXT,
  held: HELD,
  job_names: ANY,
  successful_job_count: INTEGER,
  failed_job_count: INTEGER,
  total_working_time: SECONDS,
}
const WORKER_NEEDS = ['birth', 'last_heartbeat', 'queues', 'state']

const EXECUTION_RECORD: Readonly<Record<string, Rule>> = {
  id: EXECUTION,
  job_id: JOB_ID,
  created_at: SECONDS,
  last_heartbeat: SECONDS,
  worker_name: TEXT,
}

const RESULT: Readonly<Record<string, Rule>> = {
  type: oneOf(Object.values(RESULT_TYPE_NUMBERS).map(String)),
  worker_name: ANY,
  return_value: BASE64,
  exc_string: BASE64,
  error: TEXT,
  retried: oneOf(['1']),
  execution_id: EXECUTION,
  execution_started_at: SECONDS,
  execution_ended_at: SECONDS,
  value: ANY,
  started_at: TIME,
  ended_at: TIME,
}

type Fields = ReadonlyMap<string, string>

export const jobFaults = (fields: Fields) => faults(fields, JOB, JOB_NEEDS)
export const workerFaults = (fields: Fields) => faults(fields, WORKER, WORKER_NEEDS)
export const executionFaults = (fields: Fields) => faults(fields, EXECUTION_RECORD, Object.keys(EXECUTION_RECORD))
export const resultFaults = (fields: Fields) => faults(fields, RESULT, ['type'])

export function isJobId(text: string): boolean {
  return matches(JOB_ID, text)
}

/** What is wrong with the fields of a record, one line each. */
function faults(fields: Fields, rules: Readonly<Record<string, Rule>>, needs: readonly string[]): string[] {
  const found = needs.filter((name) => !fields.has(name)).map((name) => `has no ${name}`)
  for (const [name, text] of fields) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) found.push(`has a field ${name}, which is not documented`)
    else if (!matches(rule, text)) found.push(`has ${name} ${JSON.stringify(text)}, which is not ${rule.expected}`)
  }
  return found
}

function matches({ holds }: Rule, text: string): boolean {
  return typeof holds === 'function' ? holds(text) : holds.test(text)
}

function oneOf(texts: readonly string[]): Rule {
  return { holds: (text) => texts.includes(text), expected: `one of ${texts.join(', ')}` }
}

function json(expected: string, isItem: (item: unknown) => boolean): Rule {
  const holds = (text: string): boolean => {
    try {
      const list: unknown = JSON.parse(text)
      return Array.isArray(list) && list.every(isItem)
    } catch {
      return false
    }
  }
  return { holds, expected }
}
