import { SCHEDULER_OPTIONS } from 'rq/options'
import { namingOptions } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { firstCall } from '../first-call.ts'
import { flagNames, flagsOf, optionsFrom } from '../flags.ts'
import { SERVED_QUEUES, servedQueues } from '../served-queues.ts'
import { loggerOf, runService, SERVICE_FLAGS } from '../service-flags.ts'
import { Session } from '../session.ts'

const TYPED_FLAGS = { queues: 'queues', ...flagNames(SCHEDULER_OPTIONS) }

export const scheduler = defineCommand({
  name: 'scheduler',
  summary: 'Move scheduled jobs to their queues when they are due',
  examples: [
    ['scheduler', 'For the default queue'],
    ['scheduler high default', 'For two queues; a second scheduler takes over if this one dies'],
  ],
  positionals: { queues: SERVED_QUEUES },
  flags: {
    ...flagsOf(SCHEDULER_OPTIONS),
    ...SERVICE_FLAGS,
  },
  async run(flags, context) {
    const queues = servedQueues(flags.queues, context.settings)
    await using session = await Session.open(context)
    const logger = loggerOf(flags, context)
    const made = await namingOptions(TYPED_FLAGS, async () => {
      const options = { ...session.where, logger }
      return new session.rq.Scheduler(queues, { ...options, ...optionsFrom(SCHEDULER_OPTIONS, flags) })
    })
    // Fails at once with wrong credentials. Once started, the scheduler would wait for others.
    await firstCall(() => session.rq.Queue.all(session.where), logger)
    await runService(made, flags, context)
    return undefined
  },
})
