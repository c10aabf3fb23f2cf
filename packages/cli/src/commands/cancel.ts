import { defineCommand } from '../command.ts'
import { flag } from '../option-value.ts'
import { Session } from '../session.ts'

export const cancel = defineCommand({
  name: 'cancel',
  positional: '<id>',
  summary: 'Take a job out of its queue; the job is kept, as canceled',
  examples: [['cancel 0f9d...', 'A waiting job that should not run']],
  options: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'Id of the job' })
      .options({ 'enqueue-dependents': flag({ describe: 'Let the jobs that wait for it go on without it' }) }),
  async run({ id, enqueueDependents }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    await job.cancel({ enqueueDependents })
    context.output.say(`Canceled job ${job.id}.`)
    return undefined
  },
})
