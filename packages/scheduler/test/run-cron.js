// @ts-check
import { RedisStorage } from '@rq/redis'
import { CronScheduler } from '@rq/scheduler'

// A cron scheduler in a process of its own.
const [connection = '', prefix = ''] = process.argv.slice(2)
const storage = new RedisStorage({ connection, prefix, role: 'worker' })
const scheduler = new CronScheduler({ storage })
// With `all`, a busy machine leaves out no tick.
scheduler.register('jobs#work', { queueName: 'default', cron: '* * * * * *', name: 'each', catchUp: 'all' })
await scheduler.start()
process.stdout.write('started\n')
