import { describe, expect, it } from 'vitest'
import { parse } from './plain-redis.ts'

describe('parse', () => {
  const text = '*3\r\n$3\r\na\r\n\r\n:-5\r\n*1\r\n$-1\r\n+OK\r\n'

  it('reads one reply after the other', () => {
    expect(parse(text, 0)).toEqual({ reply: ['a\r\n', -5, [null]], next: text.length - 5 })
    expect(parse(text, text.length - 5)).toEqual({ reply: 'OK', next: text.length })
  })

  it('waits for the rest of a reply, wherever it was cut', () => {
    for (let cut = 0; cut < text.length - 5; cut++) expect(parse(text.slice(0, cut), 0)).toBeUndefined()
  })
})
