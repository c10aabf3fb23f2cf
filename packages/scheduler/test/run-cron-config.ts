import type { Logger } from '@rq/core'
import { RedisStorage } from '@rq/redis'
import { CronScheduler } from '../src/index.ts'

/** A cron scheduler with a config module, in a process of its own; says what it has whenever that changes. */
const [connection = '', prefix = '', path = ''] = process.argv.slice(2)
const say = (message: string, fields?: object) => process.stdout.write(`${message} ${JSON.stringify(fields ?? {})}\n`)
const logger: Logger = { debug: () => {}, info: say, warn: say, error: say, child: () => logger }
const storage = new RedisStorage({ connection, prefix, role: 'worker' })
const scheduler = new CronScheduler({ storage, logger })
try {
  await scheduler.loadConfig(path, { watch: true })
  await scheduler.start()
} catch (error) {
  say(String(error))
  process.exit(1)
}

let told = ''
const teller = setInterval(() => {
  const names = scheduler.getJobs().map((job) => job.name)
  if (names.join() !== told) process.stdout.write(`jobs: ${names.join()}\n`)
  told = names.join()
}, 20)

process.on('SIGTERM', async () => {
  clearInterval(teller)
  await scheduler.stop()
  await storage.close()
})
