import { resolve } from 'node:path'
import { namingOptions, text } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { loggerOf, runService, SERVICE_FLAGS } from '../service-flags.ts'
import { Session } from '../session.ts'
import { defined } from '../worker-flags.ts'

export const cron = defineCommand({
  name: 'cron',
  positional: '<file>',
  summary: 'Enqueue jobs by interval or cron text, as a module says',
  examples: [
    ['cron cron.config.js', 'Its calls of cron.register() say what; loaded again when it changes'],
    ['cron cron.config.js --path dist', 'Functions are named as workers with that path find them'],
  ],
  options: (yargs) =>
    yargs
      .positional('file', { type: 'string', demandOption: true, describe: 'Module that calls cron.register()' })
      .options({
        name: text({ alias: 'n', describe: 'Name of the scheduler', defaultDescription: 'host:pid:random' }),
        ...SERVICE_FLAGS,
      }),
  async run(flags, context) {
    const { settings, host } = context
    await using session = await Session.open(context)
    // Says at once when Redis cannot be reached; from then on it is waited for.
    await session.rq.CronScheduler.all(session.where)
    const scheduler = await namingOptions({ name: '--name' }, async () => {
      const { importPaths } = settings
      const options = { ...session.reading, importPaths, logger: loggerOf(flags, context) }
      return new session.rq.CronScheduler({ ...options, ...defined({ name: flags.name }) })
    })
    await scheduler.loadConfig(resolve(host.folder, flags.file), { watch: true })
    await runService(scheduler, flags, context)
    return undefined
  },
})
