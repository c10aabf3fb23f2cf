import { flag } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { confirm, YES_OPTION } from '../confirmation.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const cancel = defineCommand({
  name: 'cancel',
  positional: '<id>',
  summary: 'Take a job out of its queue; the job is kept, as canceled',
  examples: [
    ['cancel 0f9d...', 'A waiting job that should not run'],
    ['cancel 0f9d... --enqueue-dependents --yes', 'The jobs that wait for it run all the same; without a question'],
  ],
  options: (yargs) =>
    yargs.positional('id', { type: 'string', demandOption: true, describe: 'Id of the job' }).options({
      'enqueue-dependents': flag({ describe: 'Let the jobs that wait for it go on without it' }),
      yes: YES_OPTION,
    }),
  async run({ id, enqueueDependents, yes }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    await confirm(`Cancel job ${job.id} (${visible(job.description ?? '')})?`, yes, context)
    await job.cancel({ enqueueDependents })
    context.output.say(`Canceled job ${job.id}.`)
    return undefined
  },
})
