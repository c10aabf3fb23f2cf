/**
 * A worker in a process of its own, for tests that kill or freeze it. With a Redis URL and a prefix it works there;
 * else on a memory store with one job: `lone-worker.ts <folder> <function> <argument> [<url> <prefix> [<horse>]]`.
 */
import { RedisStorage } from '@rq/redis'
import { type HorseKind, Worker } from '../src/index.ts'
import { leaseStorage } from './lease-storage.ts'
import { MemoryStore } from './memory-store.ts'

const [, , folder = '', func = '', argument = '', url, prefix = '', horse = 'process'] = process.argv

function storage() {
  if (url !== undefined) return new RedisStorage({ connection: url, prefix, role: 'worker' })
  const store = new MemoryStore()
  store.enqueue(func, { args: [argument] })
  return store.storage
}

const worker = new Worker('default', {
  storage: storage(),
  serializer: 'json',
  importPaths: [folder],
  name: 'lone',
  // The thread of an inline worker has to start within its first lease, also on a machine with too much to do.
  leaseMs: horse === 'inline' ? 3000 : 1500,
  horse: horse as HorseKind,
  ...(url !== undefined && { leaseStorage: leaseStorage(url, prefix) }),
})
process.stdout.write('here\n')
worker.on('lease_lost', ({ jobId }) => process.stdout.write(`lost ${jobId}\n`))
worker.on('horse:ended', () => process.stdout.write('a horse ended\n'))
await worker.work()
