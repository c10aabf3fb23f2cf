import { describe, expect, it } from 'vitest'
import { parseInfo, productOf } from './server-facts.ts'

describe('the reply of INFO', () => {
  it('is read into fields', () => {
    const text =
      '# Server\r\nredis_version:7.0.15\r\nexecutable:/usr/bin/redis-server\r\n\r\n# Memory\r\nmaxmemory:0\r\n'
    expect([...parseInfo(text)]).toEqual([
      ['redis_version', '7.0.15'],
      ['executable', '/usr/bin/redis-server'],
      ['maxmemory', '0'],
    ])
    expect(parseInfo(undefined).size).toBe(0)
  })

  it.each([
    ['redis_version:7.0.15', 'Redis', '7.0.15'],
    ['redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.0.1', 'Valkey', '8.0.1'],
    ['redis_version:7.2.0\ndragonfly_version:df-v1.20.1', 'Dragonfly', '1.20.1'],
    ['redis_version:6.3.4\nexecutable:/usr/bin/keydb-server', 'KeyDB', '6.3.4'],
    ['redis_version:6.3.4\nmvcc_depth:0', 'KeyDB', '6.3.4'],
    ['', 'Redis', ''],
  ])('%j is %s %s', (text, product, version) => {
    expect(productOf(parseInfo(text))).toEqual({ product, version })
  })
})
