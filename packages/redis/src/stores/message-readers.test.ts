import { RqError } from '@rq/core'
import { describe, expect, it } from 'vitest'
import type { Connections } from '../connection/connections.ts'
import { Keys } from '../keys.ts'
import { MessageReaders } from './message-readers.ts'

const AWAY = new RqError('RQ_REDIS_UNREACHABLE', 'no Redis', { retryable: true })
const REQUEST = { from: 'job', timeoutMs: 60_000 } as const

type Answer = Error | readonly [word: string, last: number, messages: readonly string[]]

/** Readers of a server that gives these answers, and what they have asked for: the last message that they had read. */
function readersOf(answers: Answer[]) {
  const asked: unknown[] = []
  const run = async (_script: unknown, _keys: unknown, args: readonly unknown[]) => {
    asked.push(args.at(-1))
    const answer = answers.shift()
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('nothing more')
    const [word, last, messages] = answer
    return [Buffer.from(word), Buffer.from(String(last)), Buffer.from('0'), messages.map((text) => Buffer.from(text))]
  }
  const subscribe = () => ({ subscribed: Promise.resolve(), confirm: () => Promise.resolve(), end() {} })
  const connections = { run, subscribe } as unknown as Connections
  return { asked, readers: new MessageReaders(connections, new Keys('rq:')) }
}

describe('MessageReaders', () => {
  it('goes on after an outage, once it has read', async () => {
    const { readers } = readersOf([AWAY, ['open', 2, ['2 9 1 1790000000000 abc\nhello']]])
    const page = await readers.read('id', { ...REQUEST, after: 1 })
    expect(page.messages.map(({ number, payload }) => [number, String(payload)])).toEqual([[2, 'hello']])
  })

  it('throws the error of a reader that has never read, of a call that would fail again, and at the end', async () => {
    await expect(readersOf([AWAY]).readers.read('id', REQUEST)).rejects.toBe(AWAY)
    const broken = new RqError('RQ_REDIS', 'WRONGTYPE')
    await expect(readersOf([broken]).readers.read('id', { ...REQUEST, after: 1 })).rejects.toBe(broken)
    await expect(readersOf([AWAY]).readers.read('id', { ...REQUEST, after: 1, timeoutMs: 0 })).rejects.toBe(AWAY)
  })

  it('asks for all messages behind those that were there when it began to wait', async () => {
    const { asked, readers } = readersOf([
      ['open', 4, []],
      ['over', 5, ['5 9 1 1790000000000 abc\nlast']],
    ])
    expect(await readers.read('id', REQUEST)).toMatchObject({ state: 'over', last: 5 })
    expect(asked).toEqual([-1, 4])
  })

  it('does not wait when it is not said how long', async () => {
    const { asked, readers } = readersOf([['open', 0, []]])
    expect(await readers.read('id', { from: 'job', timeoutMs: Number.NaN })).toMatchObject({ state: 'open' })
    expect(asked).toEqual([-1])
  })

  it('leaves out what is no message of ours', async () => {
    const { readers } = readersOf([['over', 1, ['', 'x', '1 1 1\n', '1 9 1 1790000000000 abc\n\n']]])
    expect((await readers.read('id', REQUEST)).messages.map(({ payload }) => String(payload))).toEqual(['\n'])
  })
})
