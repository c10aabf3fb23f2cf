import { defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { flag } from '../flags.ts'
import { JOB_ID } from '../job-id.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'Cancel a job (kept with status canceled)',
  examples: [
    ['cancel 0f9d...', 'Cancel a queued, scheduled or deferred job'],
    ['cancel 0f9d... --enqueue-dependents --yes', 'Run its dependents anyway; do not ask'],
  ],
  positionals: { id: JOB_ID },
  flags: {
    'enqueue-dependents': flag({ describe: 'Enqueue the jobs that depend on it' }),
    yes: YES_FLAG,
  },
  async run({ id, enqueueDependents = false, yes }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    await confirm(`Cancel job ${visible(job.id)} (${visible(job.description ?? '')})?`, yes, context)
    await job.cancel({ enqueueDependents })
    context.output.say(`Canceled job ${visible(job.id)}.`)
    return undefined
  },
})
