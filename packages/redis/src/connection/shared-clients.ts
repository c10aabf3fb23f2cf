import { Clients } from './clients.ts'
import type { ConnectionSource } from './connection-source.ts'

/** Clients of one address, and how many storages use them. */
interface Shared {
  readonly clients: Clients
  users: number
}

const byAddress = new Map<string, Shared>()
/** Apart, so that a caller's client can be freed when the caller has forgotten it. */
const byClient = new WeakMap<object, Shared>()

function placeOf(key: string | object): Pick<Map<unknown, Shared>, 'get' | 'set' | 'delete'> {
  return (typeof key === 'string' ? byAddress : byClient) as Map<unknown, Shared>
}

/** The clients that all producers of this process use for an address. Give each back once. */
export function takeClients(source: ConnectionSource): Clients {
  const place = placeOf(source.key)
  const shared = place.get(source.key) ?? { clients: new Clients(source, 'producer'), users: 0 }
  shared.users += 1
  place.set(source.key, shared)
  return shared.clients
}

/** Give back what {@link takeClients} returned. The last user closes the connections. */
export function giveBackClients({ key }: ConnectionSource, clients: Clients): void {
  const place = placeOf(key)
  const shared = place.get(key)
  if (shared?.clients !== clients) return
  shared.users -= 1
  if (shared.users > 0) return
  place.delete(key)
  clients.close()
}
