import { namingOptions } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { runWorker } from '../run-worker.ts'
import { WORKED_QUEUES, workedQueues } from '../served-queues.ts'
import { Session } from '../session.ts'
import { TYPED_FLAGS, WORKER_FLAGS, workerOptions, workOptions } from '../worker-flags.ts'

export const worker = defineCommand({
  name: 'worker',
  summary: 'Run a worker that processes queues in the given order',
  examples: [
    ['worker high default', 'Process two queues, high first'],
    ['worker ingest=20 mail=5', 'Two queues, each with a concurrency of its own'],
    ['worker --burst', 'Process what is queued, then exit'],
    ['worker --concurrency 4 --path dist', 'Four jobs at once, functions from ./dist'],
    ['worker --import tsx', 'Functions in TypeScript'],
  ],
  positionals: { queues: WORKED_QUEUES },
  flags: WORKER_FLAGS,
  async run(flags, context) {
    const options = await workerOptions(flags, context)
    const plan = workOptions(flags)
    await using session = await Session.open(context)
    return await namingOptions(TYPED_FLAGS, async () => {
      const queues = workedQueues(flags.queues, context.settings)
      const made = new session.rq.Worker(queues, { ...session.where, ...options, processTitle: true })
      const work = () => made.work(plan)
      return runWorker(
        session,
        { worker: made, work, pid: flags.pid, isBurst: flags.burst === true, logger: options.logger },
        context,
      )
    })
  },
})
