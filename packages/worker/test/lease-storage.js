// @ts-check

/** What the connection of the thread is called. */
export const RENEWER = 'renewer'

/**
 * The storage of the thread that renews leases: built, since a thread has no loader for TypeScript.
 * @param {string} url
 * @param {string} prefix
 * @returns {import('@rq/worker').StorageSource}
 */
export function leaseStorage(url, prefix) {
  const { hostname: host, password, port, username } = new URL(url)
  const connection = { host, port: Number(port), username, password, connectionName: RENEWER }
  const module = new URL('../../redis/dist/index.js', import.meta.url).href
  return { module, export: 'horseStorage', options: { connection, prefix, role: 'worker' } }
}
