import { RedisStorage } from '@rq/redis'
import { CronScheduler, Scheduler } from '../src/index.ts'
import { registerTicks } from './ticking.ts'

/** One scheduler that may be killed; survives JSON. */
export interface VictimOrder {
  readonly kind: 'scheduler' | 'cron'
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  readonly leaseMs: number
}

/** A process full of schedulers, each with connections of its own. It says `started` when they have been told to start. */
const orders = JSON.parse(process.argv[2] ?? '[]') as VictimOrder[]

for (const { kind, leaseMs, prefix, queues, url } of orders) {
  const storage = new RedisStorage({ connection: url, prefix, role: 'worker' })
  if (kind === 'scheduler') void new Scheduler(queues, { storage, leaseMs }).start()
  else void registerTicks(new CronScheduler({ storage })).start()
}
process.stdout.write('started\n')
