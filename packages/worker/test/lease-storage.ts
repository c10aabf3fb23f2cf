import type { StorageSource } from '../src/index.ts'

/** What the connection of the thread is called. */
export const KEEPER = 'keeper'

/** The storage of the thread that renews leases: built, since a thread has no loader for TypeScript. */
export function leaseStorage(url: string, prefix: string): StorageSource {
  const { hostname: host, password, port, username } = new URL(url)
  const connection = { host, port: Number(port), username, password, connectionName: KEEPER }
  const module = new URL('../../redis/dist/index.js', import.meta.url).href
  return { module, export: 'horseStorage', options: { connection, prefix, role: 'worker' } }
}
