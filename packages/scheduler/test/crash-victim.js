// @ts-check
import { RedisStorage } from '@rq/redis'
import { CronScheduler, Scheduler } from '@rq/scheduler'
import { registerTicks } from './ticking.js'

/**
 * One scheduler that may be killed; survives JSON.
 * @typedef {object} VictimOrder
 * @property {'scheduler' | 'cron'} kind
 * @property {string} url
 * @property {string} prefix
 * @property {readonly string[]} queues
 * @property {number} leaseMs
 */

// A process full of schedulers, each with connections of its own. It prints `started` when all of them have begun to
// start.
const orders = /** @type {VictimOrder[]} */ (JSON.parse(process.argv[2] ?? '[]'))

for (const { kind, leaseMs, prefix, queues, url } of orders) {
  const storage = new RedisStorage({ connection: url, prefix, role: 'worker' })
  if (kind === 'scheduler') void new Scheduler(queues, { storage, leaseMs }).start()
  else void registerTicks(new CronScheduler({ storage })).start()
}
process.stdout.write('started\n')
