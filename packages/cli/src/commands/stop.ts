import { defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { text } from '../flags.ts'
import { JOB_ID } from '../job-id.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const stop = defineCommand({
  name: 'stop',
  summary: 'Stop a running job (kept with status stopped; it can be requeued)',
  examples: [['stop 0f9d... --yes', 'Stop it; do not ask']],
  positionals: { id: JOB_ID },
  flags: {
    reason: text({ valueName: 'text', describe: 'Why: the job finds it in the reason of its signal' }),
    yes: YES_FLAG,
  },
  async run({ id, reason, yes }, context) {
    await using session = await Session.open(context)
    const job = await session.job(id)
    await confirm(`Stop job ${visible(job.id)} (${visible(job.description ?? '')})?`, yes, context)
    await job.stop(reason === undefined ? {} : { reason })
    context.output.say(`Asked worker ${visible(job.workerName ?? '?')} to stop job ${visible(job.id)}.`)
    return undefined
  },
})
