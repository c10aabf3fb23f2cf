import { resolve } from 'node:path'
import { namingOptions } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { defined } from '../defined.ts'
import { firstCall } from '../first-call.ts'
import { text } from '../flags.ts'
import { loggerOf, runService, SERVICE_FLAGS } from '../service-flags.ts'
import { Session } from '../session.ts'
import { signOption } from '../signing.ts'

export const cron = defineCommand({
  name: 'cron',
  summary: 'Run the cron jobs defined in a module',
  examples: [
    ['cron cron.config.js', 'Enqueue the jobs that it registers; reload it when it changes'],
    ['cron cron.config.js --path dist', 'Name functions relative to ./dist'],
  ],
  positionals: {
    file: { type: 'string', demandOption: true, describe: 'Module that calls cron.register()' },
  },
  flags: {
    name: text({
      alias: 'n',
      valueName: 'name',
      describe: 'Name of the scheduler',
      defaultDescription: 'host:pid:random',
    }),
    ...SERVICE_FLAGS,
  },
  async run(flags, context) {
    const { settings, host } = context
    await using session = await Session.open(context)
    const logger = loggerOf(flags, context)
    // Fails at once with wrong credentials. Once started, the scheduler would wait for others.
    await firstCall(() => session.rq.CronScheduler.all(session.where), logger)
    const sign = await signOption(settings)
    const scheduler = await namingOptions({ name: '--name' }, async () => {
      const { importPaths } = settings
      const options = { ...session.reading, ...sign, importPaths, logger }
      return new session.rq.CronScheduler({ ...options, ...defined({ name: flags.name }) })
    })
    await scheduler.loadConfig(resolve(host.folder, flags.file), { watch: true })
    await runService(scheduler, flags, context)
    return undefined
  },
})
