import { Redis, type RedisOptions } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { storageSource } from './portable-connection.ts'

/** What another process gets. */
function sent(connection: RedisOptions | Redis): unknown {
  const source = storageSource({ connection })
  return source && JSON.parse(JSON.stringify(source)).options.connection
}

describe('storageSource', () => {
  const sentinel: RedisOptions = {
    sentinels: [{ host: 's1', port: 26379 }],
    name: 'main',
    role: 'slave',
    natMap: { '10.0.0.1:6379': { host: 'h', port: 7000 } },
    enableTLSForSentinelMode: true,
    sentinelTLS: { ca: 'authority' },
    sentinelPassword: 'secret',
    preferredSlaves: { ip: '10.0.0.1', port: '6379', prio: 1 },
    tls: { ca: 'authority', servername: 'n' },
    db: 2,
    connectionName: 'app',
  }

  it('keeps all options that say where and how to connect, of options and of a client', () => {
    expect(sent(sentinel)).toEqual(sentinel)
    const client = new Redis({ ...sentinel, lazyConnect: true } as object)
    expect(sent(client)).toMatchObject(sentinel)
  })

  it('writes keys and certificates in bytes as text', () => {
    expect(sent({ host: 'h', tls: { ca: Buffer.from('authority') } })).toEqual({ host: 'h', tls: { ca: 'authority' } })
  })

  it('leaves out functions that rq sets itself', () => {
    expect(sent({ host: 'h', retryStrategy: () => 1, reconnectOnError: () => true })).toEqual({ host: 'h' })
  })

  it.each<RedisOptions>([
    { ...sentinel, natMap: () => null },
    { ...sentinel, preferredSlaves: () => null },
    { host: 'h', tls: { checkServerIdentity: () => undefined } },
  ])('is undefined for options with functions that it cannot send: %o', (connection) => {
    expect(storageSource({ connection })).toBeUndefined()
  })
})
