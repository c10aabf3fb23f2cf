import { Redis } from 'ioredis'

/**
 * Open a client of ioredis that is closed at the end of its scope, also when the test fails. A connection error rejects
 * the commands and is not logged.
 */
export function ownClient(url: string): Redis & Disposable {
  const client = new Redis(url).on('error', () => {})
  return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() })
}
