import type { WorkerPoolOptions } from 'rq'
import { POOL_OPTIONS } from 'rq/options'
import { namingOptions } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { optionsFrom, text } from '../flags.ts'
import { runWorker } from '../run-worker.ts'
import { WORKED_QUEUES, workedQueues } from '../served-queues.ts'
import { Session } from '../session.ts'
import { POOL_FLAGS, TYPED_FLAGS, workerOptions, workOptions } from '../worker-flags.ts'

export const workerPool = defineCommand({
  name: 'worker-pool',
  summary: 'Run several workers and a scheduler; workers that die are replaced',
  examples: [
    ['worker-pool high default -n 4', 'Four workers for two queues'],
    ['worker-pool -n 3 --burst', 'Process what is queued, then exit'],
  ],
  positionals: { queues: WORKED_QUEUES },
  flags: {
    name: text({
      valueName: 'name',
      describe: 'Name of the pool; its workers add a number',
      defaultDescription: 'random',
    }),
    ...POOL_FLAGS,
  },
  async run(flags, context) {
    const { dequeueStrategy, withScheduler = true } = workOptions(flags)
    const common = await workerOptions(flags, context, true)
    const { logger } = common
    const options: WorkerPoolOptions = {
      ...common,
      ...optionsFrom(POOL_OPTIONS, flags),
      ...(dequeueStrategy !== undefined && { dequeueStrategy }),
    }
    await using session = await Session.open(context)
    return await namingOptions(TYPED_FLAGS, async () => {
      const queues = workedQueues(flags.queues, context.settings)
      const pool = new session.rq.WorkerPool(queues, { ...session.where, ...options })
      const work = () => pool.start({ burst: flags.burst === true, withScheduler })
      return runWorker(session, { worker: pool, work, pid: flags.pid, isBurst: flags.burst === true, logger }, context)
    })
  },
})
