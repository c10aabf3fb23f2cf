import type { JobRecord } from '@rq/job'
import { describe, expect, test } from 'vitest'
import { checkMessage } from '../horses/horse-messages.ts'
import { LineReader, writeLine } from './lines.ts'
import type { FromHorse, Task, TaskEnd, ToHorse } from './protocol.ts'

function read(text: string, pieces: number): unknown[] {
  const messages: unknown[] = []
  const reader = new LineReader<ToHorse | FromHorse>({ deliver: (message) => messages.push(message) })
  for (let at = 0; at < text.length; at += pieces) reader.push(text.slice(at, at + pieces))
  return messages
}

const record = { id: 'a', origin: 'q', status: 'queued', createdAtMs: 1, results: 'hash' } as const

describe('writeLine and LineReader', () => {
  test.each([1, 2, 7, 1000])('put messages together from pieces of %d', (size) => {
    const sent: FromHorse[] = [
      { type: 'ready' },
      { type: 'fatal', error: 'a\nb é 🙂' },
      { type: 'released', ids: ['1', '2'] },
    ]
    expect(read(sent.map(writeLine).join(''), size)).toEqual(sent)
  })

  const plain = {
    ...record,
    status: 'started',
    data: '["f",null,["é 🙂"],{}]',
    createdAtMs: 1_700_000_000_000.123,
    enqueuedAtMs: 1_700_000_000_001.5,
    timeoutS: 180,
    description: 'f("é 🙂")',
  } as const
  const { description: _, enqueuedAtMs: __, timeoutS: ___, ...bare } = plain

  test('plain jobs make a line of few words', () => {
    const tasks: Task[] = [plain, { ...plain, resultTtlS: -1 }, bare, { ...bare, data: '' }].map((job, n) => ({
      kind: 'job',
      id: `e${n}`,
      record: job,
    }))
    const sent: ToHorse[] = [{ type: 'tasks', tasks }]
    const line = sent.map(writeLine).join('')
    expect(line).not.toContain('"tasks"')
    expect(read(line, 7)).toEqual(sent)
  })

  test.each<[string, Partial<JobRecord>]>([
    ['any other field', { meta: '{}' }],
    ['callbacks', { onFailure: { name: 'f', timeoutS: 1 } }],
    ['bytes', { data: Buffer.from([0, 10, 255]) }],
    ['a tab in its data', { data: '["\t"]' }],
    ['a line feed in its id', { id: 'a\nb' }],
    ['a tab in the name of its queue', { origin: 'a\tb' }],
    ['a tab in its description', { description: 'a\tb' }],
    ['an empty description', { description: '' }],
    ['results of RQ', { results: 'stream' }],
    ['another status', { status: 'queued' }],
  ])('carry a job with %s', (_, fields) => {
    const job = { kind: 'job', id: 'e1', record: { ...plain, ...fields } } as const
    const sent: ToHorse = { type: 'tasks', tasks: [{ kind: 'job', id: 'e0', record: plain }, job] }
    expect(read(writeLine(sent), 7)).toEqual([sent])
  })

  test('a worker refuses tasks of a horse', () => {
    const line = writeLine({ type: 'tasks', tasks: [{ kind: 'job', id: 'e', record: plain }] })
    const reader = new LineReader<FromHorse>({ deliver: () => {}, check: checkMessage })
    expect(() => reader.push(line)).toThrow(/type is "tasks"/)
  })

  test('a job that has returned and one that begins make a line of few words', () => {
    const returned = {
      id: 'e1',
      tookMs: 0.25,
      outcome: { kind: 'returned', startedAtMs: 5, endedAtMs: 7, value: '"é 🙂"' },
    } as const
    const silent = { id: 'e2', tookMs: 3, outcome: { kind: 'returned', startedAtMs: 8, endedAtMs: 9 } } as const
    const sent: FromHorse[] = [
      { type: 'progress', ends: [returned, silent], begin: 'e3' },
      { type: 'progress', ends: [], begin: 'e4' },
      { type: 'progress', ends: [{ ...returned, outcome: { ...returned.outcome, value: '' } }] },
    ]
    const lines = sent.map(writeLine)
    expect(lines[1]).toBe('>e4\n')
    expect(lines.join('')).not.toContain('{')
    expect(read(lines.join(''), 7)).toEqual(sent)
  })

  test.each<[string, Partial<TaskEnd> & { hold?: true; rss?: number }]>([
    ['an error', { outcome: { kind: 'raised', error: 'a\tb\nc', startedAtMs: 1, endedAtMs: 2 } }],
    ['a value with a tab', { outcome: { kind: 'returned', value: 'a\tb', startedAtMs: 1, endedAtMs: 2 } }],
    ['a value of bytes', { outcome: { kind: 'returned', value: Buffer.from([9, 10]), startedAtMs: 1, endedAtMs: 2 } }],
    [
      'a value that could not be written',
      { outcome: { kind: 'returned', unwritten: 'why', startedAtMs: 1, endedAtMs: 2 } },
    ],
    ['a function that goes on', { outcome: { kind: 'returned', startedAtMs: 1, endedAtMs: 2 }, leaking: true }],
    ['a callback', {}],
    ['a question', { hold: true }],
    ['its size', { rss: 5 }],
  ])('carry progress with %s', (_, { hold, rss, ...rest }) => {
    const end: TaskEnd = { id: 'e', tookMs: 1.5, ...rest }
    const more = { ...(hold && { hold }), ...(rss !== undefined && { rss }) }
    const message: FromHorse = { type: 'progress', ends: [end], begin: 'f', ...more }
    expect(read(writeLine(message), 7)).toEqual([message])
  })

  test.each([
    ...['>', '>\t', '>a\tb', '>a\tb\t1\t2\t\t', '>a\tb\t1\t2\tx\t', '>\tb\t1\t2\t3\tvalue'],
    ...['-1', '1e300', 'Infinity', 'NaN', '253402300800000', '1.5'].map((time) => `>\tb\t${time}\t2\t3\t`),
  ])('refuse %j, which a job has written', (line) => {
    expect(() => read(`${line}\n`, 50)).toThrow('it begins with > and is not a progress line')
  })

  test.each(['', 'Hello', '~', '{"type":"ready"', `~${'['.repeat(100_000)}`])('refuse %j, which is no JSON', (line) => {
    expect(() => read(`${line}\n`, 50_000)).toThrow('it is no JSON, and begins with ')
  })

  test('refuse a line that is too long before it ends, and one that ends too late', () => {
    for (const text of ['123456', '123456\n']) {
      const reader = new LineReader<FromHorse>({ deliver() {}, longest: 9 })
      reader.push('"234"\n"234')
      expect(() => reader.push(text)).toThrow(expect.objectContaining({ isTooLong: true }))
    }
    const whole = new LineReader<FromHorse>({ deliver() {}, longest: 9 })
    whole.push('"234')
    whole.push('5678"\n"2345678"\n')
  })

  test('carry the bytes of a task', () => {
    const data = Buffer.from([0, 255, 10, 13])
    const [message] = read(
      writeLine({ type: 'tasks', tasks: [{ kind: 'job', id: '1', record: { ...record, data } }] }),
      50,
    )
    expect(message).toEqual({ type: 'tasks', tasks: [{ kind: 'job', id: '1', record: { ...record, data } }] })
  })

  test('carry bytes anywhere in a call and its reply', () => {
    const value = { list: [new Uint8Array([1, 2]), { meta: Buffer.from('x') }], none: null }
    const [message] = read(writeLine({ type: 'reply', call: 1, value }), 50)
    expect(message).toEqual({
      type: 'reply',
      call: 1,
      value: { list: [Buffer.from([1, 2]), { meta: Buffer.from('x') }], none: null },
    })
  })

  test('a plain message is plain JSON on one line', () => {
    expect(writeLine({ type: 'revoke', ids: ['a\n'] })).toBe('{"type":"revoke","ids":["a\\n"]}\n')
  })
})
