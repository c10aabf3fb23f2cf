import { expect, test } from 'vitest'
import { parseVersion } from './binary.mjs'

test.each([
  ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d', 'redis', '7.0.15', true],
  ['Redis server v=6.2.14 sha=00000000:0 malloc=libc bits=64 build=1', 'redis', '6.2.14', false],
  ['Redis server v=10.0.0 sha=00000000:0', 'redis', '10.0.0', true],
  ['Valkey server v=7.1.0', 'valkey', '7.1.0', false],
  ['Valkey server v=7.2.5 sha=00000000:0 malloc=jemalloc-5.3.0', 'valkey', '7.2.5', true],
  ['valkey server v=8.1.1', 'valkey', '8.1.1', true],
])('reads "%s"', (text, kind, version, usable) => {
  expect(parseVersion('/bin/x', text)).toEqual({ path: '/bin/x', kind, version, usable })
})

test('does not take another program for a server', () => {
  expect(parseVersion('/bin/x', 'redis-cli 7.0.15')).toBeUndefined()
})
