import { defineCommand } from '../command.ts'
import { confirm, YES_OPTION } from '../confirmation.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const stop = defineCommand({
  name: 'stop',
  positional: '<id>',
  summary: 'Stop a job that runs; it counts as stopped and can be requeued',
  examples: [['stop 0f9d... --yes', 'Without a question']],
  options: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true, describe: 'Id of the job' })
      .options({ yes: YES_OPTION }),
  async run({ id, yes }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    await confirm(`Stop job ${job.id} (${visible(job.description ?? '')})?`, yes, context)
    await job.stop()
    context.output.say(`Asked worker ${job.workerName ?? '?'} to stop job ${job.id}.`)
    return undefined
  },
})
