// @ts-check
/**
 * A worker in a process of its own, for tests that kill or freeze it. It logs to stdout.
 * Arguments: the folder of the jobs, the URL of Redis, a prefix, the kind of horse, the lease in ms.
 */
import { RedisStorage } from '@rq/redis'
import { Worker } from '@rq/worker'
import { leaseStorage } from './lease-storage.js'

const [, , folder = '', url = '', prefix = '', horse = 'process', leaseMs = '1500'] = process.argv

const worker = new Worker('default', {
  storage: new RedisStorage({ connection: url, prefix, role: 'worker' }),
  leaseStorage: leaseStorage(url, prefix),
  serializer: 'json',
  importPaths: [folder],
  name: 'lone',
  leaseMs: Number(leaseMs),
  horse: /** @type {import('@rq/worker').HorseKind} */ (horse),
})
process.stdout.write('here\n')
worker.on('lease_lost', ({ jobId }) => process.stdout.write(`lost ${jobId}\n`))
worker.on('horse:ended', () => process.stdout.write('a horse ended\n'))
await worker.work()
