import { namingOptions, text } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { loggerOf, runService, SERVICE_FLAGS } from '../service-flags.ts'
import { Session } from '../session.ts'
import { defined } from '../worker-flags.ts'

const TYPED_FLAGS = { queues: 'queues', name: '--name', interval: '--interval' } as const

export const scheduler = defineCommand({
  name: 'scheduler',
  positional: '[queues..]',
  summary: 'Move scheduled jobs into their queues when they are due',
  examples: [
    ['scheduler', 'For the queues of the configuration file, else default'],
    ['scheduler high default', 'For two queues; another scheduler of them stands by'],
  ],
  options: (yargs) =>
    yargs
      .positional('queues', {
        type: 'string',
        array: true,
        describe: 'Names of queues',
        defaultDescription: 'those of the configuration file, else default',
      })
      .options({
        name: text({ alias: 'n', describe: 'Name of the scheduler', defaultDescription: 'random' }),
        interval: text({ describe: 'How often it looks for jobs of programs in Python', defaultDescription: '1' }),
        ...SERVICE_FLAGS,
      }),
  async run(flags, context) {
    const { config } = context.settings
    const queues = [flags.queues, config.queues].find((names) => names !== undefined && names.length > 0) ?? ['default']
    await using session = await Session.open(context)
    const made = await namingOptions(TYPED_FLAGS, async () => {
      const options = { ...session.where, logger: loggerOf(flags, context) }
      return new session.rq.Scheduler(queues, {
        ...options,
        ...defined({ name: flags.name, interval: flags.interval }),
      })
    })
    // Says at once when Redis cannot be reached; from then on it is waited for.
    await session.rq.Queue.all(session.where)
    await runService(made, flags, context)
    return undefined
  },
})
