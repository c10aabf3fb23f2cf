import { flag } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { confirm, YES_OPTION } from '../confirmation.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const deleteJob = defineCommand({
  name: 'delete',
  positional: '<id>',
  summary: 'Remove a job from everywhere, its results included',
  examples: [['delete 0f9d... --yes', 'Without a question']],
  options: (yargs) =>
    yargs.positional('id', { type: 'string', demandOption: true, describe: 'Id of the job' }).options({
      'with-dependents': flag({ describe: 'Delete the jobs that wait for it as well' }),
      yes: YES_OPTION,
    }),
  async run({ id, withDependents, yes }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    const status = await job.getStatus({ refresh: false })
    await confirm(`Delete job ${job.id} (${status}: ${visible(job.description ?? '')})?`, yes, context)
    await job.delete({ deleteDependents: withDependents })
    context.output.say(`Deleted job ${job.id}.`)
    return undefined
  },
})
