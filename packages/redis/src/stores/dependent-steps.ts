import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** Release some more of the dependents that are waiting for it (ADR 7). Returns whether there are still more. */
export async function releaseSomeDependents(connections: Connections, keys: Keys): Promise<boolean> {
  const { prefix, releasing, unchecked } = keys
  return (await connections.run(scripts.releaseDependents, [releasing, unchecked], [prefix, stampNow()])) === 1
}

/** Release all of them, in steps. */
export async function releaseAllDependents(connections: Connections, keys: Keys): Promise<void> {
  while (await releaseSomeDependents(connections, keys));
}
