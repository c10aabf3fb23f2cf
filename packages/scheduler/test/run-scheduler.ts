import { RedisStorage } from '@rq/redis'
import { Scheduler } from '../src/index.ts'

/** A scheduler in a process of its own, which says what it leads whenever that changes. */
const [connection = '', prefix = ''] = process.argv.slice(2)
const storage = new RedisStorage({ connection, prefix, role: 'worker' })
const scheduler = new Scheduler('default', { storage, leaseMs: 1000 })
await scheduler.start()

let told = ''
setInterval(() => {
  const led = scheduler.ledQueues.join(',') || 'nothing'
  if (led !== told) process.stdout.write(`leads ${led}\n`)
  told = led
}, 20)
