import { flag, namingOptions, text, wholeNumber } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { Session } from '../session.ts'
import { defined, runWorker, TYPED_FLAGS, workerFlags, workerOptions } from '../worker-flags.ts'

export const worker = defineCommand({
  name: 'worker',
  positional: '[queues..]',
  summary: 'Work off queues, in the order given',
  examples: [
    ['worker high default', 'Two queues, the first one first'],
    ['worker --burst', 'Work off what is there, and leave'],
    ['worker --with-scheduler', 'Also move scheduled jobs into these queues when they are due'],
    ['worker --concurrency 4 --path dist', 'Four jobs at once, functions from ./dist'],
    ['worker --import tsx --allow @acme/jobs', 'Functions in TypeScript, and from a package'],
  ],
  options: (yargs) =>
    workerFlags(yargs).options({
      name: text({ alias: 'n', describe: 'Name of the worker', defaultDescription: 'random' }),
      'with-scheduler': flag({ alias: 's', describe: 'Move scheduled jobs into these queues when they are due' }),
      'max-jobs': text({ describe: 'Leave after so many jobs' }),
      'max-idle-time': text({ describe: 'Leave when no job has come for so long' }),
    }),
  async run(flags, context) {
    const { queues, options, strategy } = workerOptions(flags, context)
    const maxJobs = flags.maxJobs === undefined ? undefined : wholeNumber(flags.maxJobs, '--max-jobs', 1)
    await using session = await Session.open(context)
    const name = flags.name ?? context.settings.config.name
    return await namingOptions(TYPED_FLAGS, async () => {
      const made = new session.rq.Worker(queues, { ...session.where, ...options, ...defined({ name }) })
      const work = () =>
        made.work({
          burst: flags.burst,
          withScheduler: flags.withScheduler,
          ...strategy,
          ...defined({ maxJobs, maxIdleTime: flags.maxIdleTime }),
        })
      return runWorker(session, { worker: made, work, pid: flags.pid }, context)
    })
  },
})
