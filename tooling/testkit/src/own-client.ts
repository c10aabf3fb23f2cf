import { Redis } from 'ioredis'

/**
 * A client of a test's own, closed at the end of its scope, also when the test fails. What goes wrong with its connection
 * is told by the commands that fail, and not printed.
 */
export function ownClient(url: string): Redis & Disposable {
  const client = new Redis(url).on('error', () => {})
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() })
}
