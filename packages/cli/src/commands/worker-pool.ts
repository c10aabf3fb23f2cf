import { namingOptions, text, wholeNumber } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { Session } from '../session.ts'
import { defined, runWorker, TYPED_FLAGS, workerFlags, workerOptions } from '../worker-flags.ts'

export const workerPool = defineCommand({
  name: 'worker-pool',
  positional: '[queues..]',
  summary: 'Run several workers, each a process of its own, replaced when it dies, and a scheduler',
  examples: [
    ['worker-pool high default -n 4', 'Four workers'],
    ['worker-pool -n 3 --burst', 'Work off what is there, three at a time, and leave'],
  ],
  options: (yargs) =>
    workerFlags(yargs).options({
      'num-workers': text({ alias: 'n', default: '1', describe: 'How many workers' }),
      name: text({ describe: 'Name of the pool; its workers have a number behind it', defaultDescription: 'random' }),
    }),
  async run(flags, context) {
    const { queues, options, strategy } = workerOptions(flags, context)
    const numWorkers = wholeNumber(flags.numWorkers, '--num-workers', 1)
    await using session = await Session.open(context)
    const name = flags.name ?? context.settings.config.name
    return await namingOptions(TYPED_FLAGS, async () => {
      const pool = new session.rq.WorkerPool(queues, {
        ...session.where,
        ...options,
        ...strategy,
        ...defined({ name }),
        numWorkers,
      })
      const work = () => pool.start({ burst: flags.burst })
      return runWorker(session, { worker: pool, work, pid: flags.pid }, context)
    })
  },
})
