import { describe, expect, test } from 'vitest'
import { LineReader, writeLine } from './lines.ts'
import type { FromHorse, ToHorse } from './protocol.ts'

function read(text: string, pieces: number): unknown[] {
  const messages: unknown[] = []
  const reader = new LineReader<ToHorse | FromHorse>((message) => messages.push(message))
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
