// @ts-check
import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'

// A scheduler in a process of its own, which prints the queues that it leads whenever they change.
const [connection = '', prefix = ''] = process.argv.slice(2)
const storage = new RedisStorage({ connection, prefix, role: 'worker' })
const scheduler = new Scheduler('default', { storage, leaseMs: 6000 })
await scheduler.start()

let printed = ''
setInterval(() => {
  const led = scheduler.ledQueues.join(',') || 'nothing'
  if (led !== printed) process.stdout.write(`leads ${led}\n`)
  printed = led
}, 20)
