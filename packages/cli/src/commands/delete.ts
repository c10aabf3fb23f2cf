import { defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { flag } from '../flags.ts'
import { JOB_ID } from '../job-id.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const deleteJob = defineCommand({
  name: 'delete',
  summary: 'Delete a job and its results',
  examples: [['delete 0f9d... --yes', 'Delete it; do not ask']],
  positionals: { id: JOB_ID },
  flags: {
    'with-dependents': flag({ describe: 'Also delete the jobs that depend on it' }),
    yes: YES_FLAG,
  },
  async run({ id, withDependents = false, yes }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    const status = await job.getStatus({ refresh: false })
    await confirm(`Delete job ${visible(job.id)} (${status}: ${visible(job.description ?? '')})?`, yes, context)
    await job.delete({ deleteDependents: withDependents })
    context.output.say(`Deleted job ${visible(job.id)}.`)
    return undefined
  },
})
