import { describe, expect, test } from 'vitest'
import type { FromHorse } from '../inside-horse/protocol.ts'
import { checkMessage } from './horse-messages.ts'

const TIMES = { startedAtMs: 1, endedAtMs: 2 }
const ERROR = { name: 'E', message: 'm', text: 't' }
const RETRY = { max: 3, intervalsS: [0, 5] }

const end = (more: object) => ({ type: 'progress', ends: [{ id: 'e', tookMs: 1, ...more }] })
const outcome = (more: object) => end({ outcome: { kind: 'returned', ...TIMES, ...more } })

const VALID: readonly FromHorse[] = [
  { type: 'ready' },
  { type: 'draining' },
  { type: 'progress', ends: [], begin: 'e', hold: true, rss: 5 },
  {
    type: 'progress',
    ends: [{ id: 'e', tookMs: 0.5, outcome: { kind: 'returned', value: Buffer.from('x'), ...TIMES } }],
  },
  { type: 'progress', ends: [{ id: 'e', tookMs: 1, outcome: { kind: 'returned_retry', retry: RETRY, ...TIMES } }] },
  { type: 'progress', ends: [{ id: 'e', tookMs: 1, error: ERROR, outcome: { kind: 'raised', error: '', ...TIMES } }] },
  { type: 'progress', ends: [{ id: 'e', tookMs: 1, outcome: { kind: 'unknown_function', error: '', ...TIMES } }] },
  { type: 'progress', ends: [{ id: 'e', tookMs: 1, leaking: true, hasFailedImport: true, chainEnded: false }] },
  { type: 'released', ids: ['e'] },
  { type: 'phase', id: 'e', phase: 'handlers', error: ERROR },
  { type: 'exposed', id: 'e' },
  { type: 'exposed', id: 'e', earlierJobs: ['a'] },
  { type: 'call', call: 1, port: 'jobs', method: 'fetch', args: [{ anything: null }] },
  { type: 'warning', message: 'x', fields: { bytes: 1 } },
  { type: 'fatal', error: 'x', jobId: 'j' },
  { type: 'bad_handler', error: 'x' },
  { type: 'exit' },
]

describe('checkMessage', () => {
  test.each(VALID.map((message) => [message.type, message] as const))('accepts a %s', (_, message) => {
    expect(checkMessage(message)).toBe(message)
  })

  test.each<[unknown, string]>([
    [undefined, 'it is undefined, expected an object'],
    [null, 'it is null, expected an object'],
    [[], 'type is undefined'],
    [{ type: 'setup' }, 'type is "setup"'],
    [{ type: '__proto__' }, 'type is "__proto__"'],
    [{ type: ['ready'] }, 'type is an array of 1'],
    [{ type: { toString: () => 'ready' } }, 'type is an object'],
    [{ type: 'progress' }, 'ends is undefined, expected a list'],
    [{ type: 'progress', ends: {} }, 'ends is an object'],
    [{ type: 'progress', ends: [] }, 'nothing ends and nothing begins'],
    [{ type: 'progress', ends: [], begin: null }, 'begin is null, expected a string'],
    [{ type: 'progress', ends: [], begin: 'e', rss: -1 }, 'rss is -1, expected a number of at least 0'],
    [{ type: 'progress', ends: [], begin: 'e', hold: 1 }, 'hold is 1, expected true or false'],
    [{ type: 'progress', ends: [null] }, 'ends[0] is null, expected an object'],
    [end({ id: 5 }), 'ends[0].id is 5'],
    [end({ tookMs: Number.NaN }), 'ends[0].tookMs is NaN'],
    [end({ tookMs: Number.POSITIVE_INFINITY }), 'ends[0].tookMs is Infinity'],
    [end({ leaking: 'yes' }), 'ends[0].leaking is "yes"'],
    [end({ error: 'x' }), 'ends[0].error is "x"'],
    [end({ error: { name: 'E', message: 'm' } }), 'ends[0].error.text is undefined'],
    [end({ error: { ...ERROR, text: 'x'.repeat(200_000) } }), 'ends[0].error.text.length is 200000'],
    [end({ outcome: [] }), 'ends[0].outcome.startedAtMs is undefined'],
    [outcome({ startedAtMs: 'abc' }), 'ends[0].outcome.startedAtMs is "abc", expected milliseconds since 1970'],
    [outcome({ startedAtMs: 1e300 }), 'ends[0].outcome.startedAtMs is 1e+300'],
    [outcome({ endedAtMs: -1 }), 'ends[0].outcome.endedAtMs is -1'],
    [outcome({ value: {} }), 'ends[0].outcome.value is an object, expected text or bytes'],
    [outcome({ value: null }), 'ends[0].outcome.value is null'],
    [outcome({ unwritten: 1 }), 'ends[0].outcome.unwritten is 1'],
    [outcome({ kind: 'bogus' }), 'ends[0].outcome.kind is "bogus"'],
    [outcome({ kind: 'abandoned', error: 'x', requeue: true }), 'ends[0].outcome.kind is "abandoned"'],
    [outcome({ kind: 'raised' }), 'ends[0].outcome.error is undefined'],
    [outcome({ kind: 'unknown_function' }), 'ends[0].outcome.error is undefined'],
    [outcome({ kind: 'unknown_function', error: '', remote: 1 }), 'ends[0].outcome.remote is 1'],
    [outcome({ kind: 'returned_retry' }), 'ends[0].outcome.retry is undefined'],
    [outcome({ kind: 'returned_retry', retry: { max: 'x', intervalsS: [] } }), 'outcome.retry is an object'],
    [outcome({ kind: 'returned_retry', retry: { max: 5, intervalsS: [1e300] } }), 'outcome.retry is an object'],
    [{ type: 'released', ids: [1] }, 'ids is an array of 1, expected a list of strings'],
    [{ type: 'phase', id: 'e', phase: 'toString' }, 'phase is "toString", expected a phase'],
    [{ type: 'exposed', id: 'e', earlierJobs: new Array(200).fill('') }, 'earlierJobs is an array of 200'],
    [{ type: 'call', call: 1.5, port: 'jobs', method: 'fetch', args: [] }, 'call is 1.5'],
    [{ type: 'call', call: 1, port: 'jobs', method: 'fetch', args: { length: 1 } }, 'args is an object'],
    [{ type: 'warning', fields: {} }, 'message is undefined'],
    [{ type: 'warning', message: 'x', fields: { bytes: '1' } }, 'fields is an object, expected amounts'],
    [{ type: 'fatal' }, 'error is undefined'],
    [{ type: 'bad_handler' }, 'error is undefined'],
    [{ type: 'exit', jobId: 7 }, 'jobId is 7'],
  ])('refuses %j', (message, why) => {
    expect(() => checkMessage(message)).toThrow(why)
  })
})
