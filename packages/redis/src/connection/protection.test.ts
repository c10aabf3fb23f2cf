import { describe, expect, it } from 'vitest'
import { clientOptions } from './client-options.ts'
import { isUnprotected } from './protection.ts'

describe('isUnprotected', () => {
  it.each([
    'redis://localhost:6379/2',
    'redis://127.0.0.1',
    'redis://[::1]:6379',
    'redis://:secret@redis',
    'rediss://worker:secret@redis.example.com',
    'unix:///run/redis.sock',
    {},
    { sentinels: [{ host: '127.0.0.1' }, {}], name: 'main' },
    { host: 'redis', tls: { key: 'k', cert: 'c' } },
  ])('%j is not', (connection) => {
    expect(isUnprotected(clientOptions(connection))).toBe(false)
  })

  it.each([
    'redis://redis:6379',
    'redis://10.0.0.7',
    'redis://127.example.com',
    'rediss://redis.example.com',
    { host: 'redis', password: '' },
    { sentinels: [{ host: '127.0.0.1' }, { host: 'redis-2' }], name: 'main' },
  ])('%j is', (connection) => {
    expect(isUnprotected(clientOptions(connection))).toBe(true)
  })
})
