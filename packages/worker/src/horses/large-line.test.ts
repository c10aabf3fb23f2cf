import { describe, expect, test } from 'vitest'
import { LineReader } from '../inside-horse/lines.ts'
import type { ToHorse } from '../inside-horse/protocol.ts'
import { isLarge, lineParts } from './large-line.ts'

const record = { id: 'a', origin: 'q', status: 'queued', createdAtMs: 1, results: 'hash' } as const
const message = (data: Uint8Array | string, meta?: Uint8Array): ToHorse => ({
  type: 'tasks',
  tasks: [{ kind: 'job', id: 'e', record: { ...record, data, ...(meta && { meta }) } }],
})

function received(sent: ToHorse): ToHorse[] {
  const messages: ToHorse[] = []
  const reader = new LineReader<ToHorse>({ deliver: (one) => messages.push(one) })
  for (const part of lineParts(sent)) {
    expect(part.length).toBeLessThan(600_000)
    reader.push(part)
  }
  return messages
}

describe('lineParts', () => {
  const texts = ['x', '"\\\n', 'é', '\u{1F642}', '~bytes'].map((text) => JSON.stringify(text.repeat(300_000)))

  test.each(texts)('a large text arrives as a string (%#)', (text) => {
    const sent = message(Buffer.from(text))
    expect(isLarge(sent)).toBe(true)
    expect(received(sent)).toEqual([message(text)])
  })

  test('large bytes arrive as bytes, beside a text and small bytes', () => {
    const zlib = Buffer.alloc(500_001, 'x\x9c')
    const text = Buffer.from(`{"a":"${'y'.repeat(300_000)}"}`)
    const small = Buffer.from([0x80, 1])
    expect(received(message(zlib, text))).toEqual([message(zlib, text.toString() as never)])
    expect(received(message(text, small))).toEqual([message(text.toString(), small)])
  })

  test('small payloads are not taken apart', () => {
    expect(isLarge(message(Buffer.from('x')))).toBe(false)
    expect(isLarge(message('x'.repeat(1e6)))).toBe(false)
  })
})
