import type { ServerFacts } from '@rq/redis'
import { optionsOf, type Where } from './admin.ts'
import { sharedStorage } from './connection.ts'

/**
 * What the server says of itself, its latency, and by how much its clock differs from this machine's. Writes nothing.
 * @throws RqError `RQ_REDIS_UNREACHABLE`, `RQ_REDIS_AUTH`, `RQ_CONFIG`.
 */
export function serverFacts(where: Where): Promise<ServerFacts> {
  return sharedStorage(optionsOf(where)).serverFacts()
}

/**
 * Which of the commands that rq sends the user of a connection may not send, and which channels (`&rq:notify:*`) it may
 * not use. None of them is sent. Undefined when the server cannot say.
 * @throws RqError as {@link serverFacts}; `RQ_REDIS_AUTH` when the user may not run scripts on keys of rq.
 */
export function missingRights(where: Where): Promise<readonly string[] | undefined> {
  return sharedStorage(optionsOf(where)).missingRights()
}
