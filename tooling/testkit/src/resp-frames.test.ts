import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RespFrames, requestWords } from './resp-frames.ts'

const texts = (frames: readonly Buffer[]) => frames.map(String)

test('splits a stream into whole messages, in chunks of any size', () => {
  const messages = [
    '+OK\r\n',
    '*0\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '*3\r\n$1\r\na\r\n*2\r\n:1\r\n*0\r\n$4\r\n\r\n\r\n\r\n',
    '-ERR no\r\n',
    '%1\r\n+a\r\n*1\r\n#t\r\n',
    '>2\r\n+message\r\n_\r\n',
    '$0\r\n\r\n',
  ]
  const stream = Buffer.from(messages.join(''))
  const cuts = fc.array(fc.nat(stream.length)).map((at) => [...at, stream.length].sort((a, b) => a - b))
  fc.assert(
    fc.property(cuts, (ends) => {
      const frames = new RespFrames()
      const found = ends.flatMap((end, index) => frames.push(stream.subarray(ends[index - 1] ?? 0, end)))
      expect(texts(found)).toEqual(messages)
    }),
  )
})

test('reads the words of a request', () => {
  expect(texts(requestWords(Buffer.from('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\na\r\nb\r\n\r\n')))).toEqual([
    'SET',
    'k',
    'a\r\nb\r\n',
  ])
})
