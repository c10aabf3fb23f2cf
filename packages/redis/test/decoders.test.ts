import { RqError } from '@rq/core'
import { RUNS_ALL } from '@rq/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeClaim } from '../src/codec/claim-codec.ts'
import { readCommand } from '../src/codec/command-codec.ts'
import { decodeCronScheduler } from '../src/codec/cron-codec.ts'
import { readEvent } from '../src/codec/event-codec.ts'
import { decodeExplanation } from '../src/codec/explanation-codec.ts'
import { decodeJob } from '../src/codec/job-codec.ts'
import { packList } from '../src/codec/message-pack.ts'
import { decodeResult, hashResult, readNotice } from '../src/codec/result-codec.ts'
import { decodeScheduler } from '../src/codec/scheduler-codec.ts'
import { parseTime, scoreMs } from '../src/codec/time.ts'
import { decodeWorker } from '../src/codec/worker-codec.ts'

const RUNS = { numRuns: RUNS_ALL ? 20_000 : 700 }

/** What another program may have written: any bytes, or what a reader may take for a number, a time or JSON. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.constantFrom('', '1e400', '-1e400', 'inf', '-inf', 'nan', 'Infinity', '-1', '9223372036854775808', '0x10', ' 7 '),
  fc.constantFrom(
    '[1e400]',
    '{"a":-1e999}',
    '[null]',
    '[[[',
    '__proto__',
    'constructor',
    '2026-11-24T01:02:03.000004Z',
  ),
  fc.constantFrom('+275760-09-13T00:00:00.000001Z', '2026-99-24T01:02:03.000004Z', '2026-11-24', 'finished', 'busy'),
)
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
  text.map((one) => Buffer.from(one)),
  fc.constantFrom(Buffer.from([0x78, 0x9c, 0xff]), Buffer.from([0xff, 0xfe])),
)

const JOB_FIELDS = [
  ...['status', 'data', 'created_at', 'enqueued_at', 'started_at', 'ended_at', 'last_heartbeat', 'timeout', 'ttl'],
  ...[
    'result_ttl',
    'failure_ttl',
    'retries_left',
    'retry_max',
    'retry_on',
    'number_of_retries',
    'repeats_left',
    'repeats_done',
    'origin',
  ],
  ...[
    'abandoned_count',
    'returned_ms',
    'return_for_ms',
    'retry_intervals',
    'repeat_intervals',
    'enqueue_at_front',
    'success_callback_name',
    'failure_callback_when',
    'meta',
  ],
  ...['success_callback_timeout', 'dependency_id', 'dependency_ids', 'rate_limit_key', 'rate_limit_concurrency'],
  ...['webhooks', 'result', 'exc_info', 'results', 'execution_id', 'worker_name', 'group_id', 'description'],
]
const fieldsOf = (names: readonly string[]) =>
  fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.string()), bytes), { maxLength: 12 })
    .map((pairs) => pairs.flatMap(([name, value]) => [Buffer.from(name), value]))
const recordOf = (names: readonly string[]) => fc.dictionary(fc.constantFrom(...names), text, { noNullPrototype: true })

const WORKER_FIELDS = [
  ...['birth', 'last_heartbeat', 'queues', 'pid', 'hostname', 'version', 'state', 'successful_job_count'],
  ...['failed_job_count', 'total_working_time', 'current_job', 'shutdown_requested_date'],
]
const SCHEDULER_FIELDS = [
  'name',
  'hostname',
  'pid',
  'queues',
  'created_at',
  'last_heartbeat',
  'config_file',
  'cron_jobs',
]
const RESULT_FIELDS = [
  ...['type', 'return_value', 'exc_string', 'value', 'worker_name', 'execution_id', 'started_at', 'ended_at'],
  ...['execution_started_at', 'execution_ended_at'],
]

/** What is wrong with a decoded value: numbers that are none or have no end, and times that no date can have. */
function faults(value: unknown, path = ''): string[] {
  if (typeof value === 'number') {
    const isFine = Number.isFinite(value) && (!path.endsWith('Ms') || !Number.isNaN(new Date(value).getTime()))
    return isFine ? [] : [`${path} is ${value}`]
  }
  // What users gave is theirs: values of webhooks and of cron jobs are checked where they are used.
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return []
  return Object.entries(value).flatMap(([name, one]) =>
    name === 'webhooks' || name === 'options' ? [] : faults(one, `${path}.${name}`),
  )
}

/** Decode, and check what comes of it. */
function check(decode: () => unknown): void {
  let value: unknown
  try {
    value = decode()
  } catch (error) {
    if (error instanceof RqError) return
    throw error
  }
  expect(faults(value)).toEqual([])
}

const property = <T>(arbitrary: fc.Arbitrary<T>, decode: (input: T) => unknown): void =>
  fc.assert(
    fc.property(arbitrary, (input) => check(() => decode(input))),
    RUNS,
  )

describe('whatever bytes are in Redis, and on channels', () => {
  it('a job is read', () => property(fieldsOf(JOB_FIELDS), (fields) => decodeJob('id', fields)))

  it('a success in the hash of a job is read', () =>
    property(fieldsOf(JOB_FIELDS), (fields) => hashResult(decodeJob('id', fields), true)))

  it('a claim is read, or refused', () =>
    property(fc.oneof(fc.uint8Array(), packed), (reply) => decodeClaim(Buffer.from(reply))))

  it('a claim that is cut off is refused, or has less jobs', () =>
    property(fc.tuple(packed, fc.nat(200)), ([reply, end]) => decodeClaim(reply.subarray(0, end))))

  it('a result is read', () =>
    property(fc.tuple(bytes, fieldsOf(RESULT_FIELDS)), ([id, fields]) => decodeResult(id, fields)))

  it('a notice is read', () =>
    property(
      fc.oneof(
        bytes,
        fc.array(text).map((lines) => Buffer.from(lines.join('\n'))),
      ),
      readNotice,
    ))

  it('a worker is read', () => property(recordOf(WORKER_FIELDS), (fields) => decodeWorker('w', fields)))

  it('a scheduler is read', () => property(recordOf(SCHEDULER_FIELDS), (fields) => decodeScheduler('s', fields)))

  it('a cron scheduler is read', () =>
    property(recordOf(SCHEDULER_FIELDS), (fields) => decodeCronScheduler('s', fields)))

  it('a cron job is read', () =>
    property(fc.dictionary(fc.constantFrom('func_name', 'queue_name', 'interval', 'cron', 'args'), text), (job) =>
      decodeCronScheduler('s', { name: 's', cron_jobs: `[${JSON.stringify(job)}]`.replace('"1e400"', '1e400') }),
    ))

  it('a command is read', () => property(text, readCommand))

  it('an event is read', () =>
    property(fc.tuple(text, text), ([name, at]) => {
      readEvent('q', name)
      return readEvent(
        'q',
        `{"name":"job:finished","jobId":"j","executionId":"e","workerName":"w","atMs":${at === '1e400' ? at : '1'}}`,
      )
    }))

  it('an explanation is read', () =>
    property(
      fc.tuple(fieldsOf(JOB_FIELDS), bytes, fc.array(bytes), fc.array(bytes), fc.array(bytes)),
      ([fields, due, held, others, holders]) =>
        decodeExplanation('id', [fields, 0, due, 0, 0, 1, 0, held, others, holders, null, 0, 0, 0, due]),
    ))

  it('a time and a score are read', () =>
    property(text, (one) => ({ parsedMs: parseTime(one) ?? 0, scoreMs: scoreMs(one) })))
})

/** A claim as Lua packs it: jobs with any fields. */
const packed = fc
  .array(fc.tuple(fieldsOf(JOB_FIELDS), fc.boolean(), fc.array(bytes, { minLength: 8, maxLength: 8 })), {
    maxLength: 3,
  })
  .map((jobs) =>
    packList(
      jobs.flatMap(([fields, isPlain, plain]) =>
        isPlain
          ? ['', '', 'q', 'id:e', ...plain.slice(2)]
          : ['', '', 'q', '', String(fields.length), 'id', 'e', ...fields],
      ),
    ),
  )
