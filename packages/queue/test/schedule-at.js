// @ts-check
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'

// A program in a time zone of its own, which schedules a job at each of the given times and prints when Redis has it
// due.
const [connection = '', prefix = '', ...times] = process.argv.slice(2)
const storage = new RedisStorage({ connection, prefix })
const queue = new Queue('default', { storage })
for (const time of times) {
  const job = await queue.enqueueAt(time, 'jobs#work')
  const due = await queue.scheduledJobRegistry.getScheduledTime(job)
  process.stdout.write(`${due.toISOString()}\n`)
}
await storage.close()
