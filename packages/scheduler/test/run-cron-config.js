// @ts-check
import { RedisStorage } from '@rq/redis'
import { CronScheduler } from '@rq/scheduler'

// A cron scheduler with a config module, in a process of its own; prints its log, and its cron jobs whenever they
// change.
const [connection = '', prefix = '', path = ''] = process.argv.slice(2)
const log = (/** @type {string} */ message, /** @type {object | undefined} */ fields = {}) =>
  void process.stdout.write(`${message} ${JSON.stringify(fields)}\n`)
/** @type {import('@rq/core').Logger} */
const logger = { debug: () => {}, info: log, warn: log, error: log, child: () => logger }
const storage = new RedisStorage({ connection, prefix, role: 'worker' })
const scheduler = new CronScheduler({ storage, logger })
try {
  await scheduler.loadConfig(path, { watch: true })
  await scheduler.start()
} catch (error) {
  log(String(error))
  process.exit(1)
}

let printed = ''
const printing = setInterval(() => {
  const names = scheduler.getJobs().map((job) => job.name)
  if (names.join() !== printed) process.stdout.write(`jobs: ${names.join()}\n`)
  printed = names.join()
}, 20)

process.on('SIGTERM', async () => {
  clearInterval(printing)
  await scheduler.stop()
  await storage.close()
})
