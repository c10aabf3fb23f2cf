import { Queue } from 'bullmq'
import { bullConnection } from './redis.js'

const queue = new Queue('mail', { connection: bullConnection })
await queue.add('welcome', { to: 'ada@example.com' }, { attempts: 3, backoff: { type: 'fixed', delay: 1000 } })
await queue.add('remind', { to: 'bob@example.com' }, { delay: 500 })
await queue.close()
