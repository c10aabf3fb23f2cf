import { SECOND_MS } from '@rq/core'
import { defineCommand } from '../command.ts'
import { CommandError } from '../exit-code.ts'
import { duration as durationMs, text } from '../option-value.ts'
import { Session } from '../session.ts'

export const suspend = defineCommand({
  name: 'suspend',
  summary: 'Let no worker take up jobs, until resume or for a time',
  examples: [
    ['suspend', 'Until you say resume'],
    ['suspend --duration 300', 'For five minutes'],
  ],
  options: (yargs) =>
    yargs.options({ duration: text({ alias: 'd', describe: 'Resume by itself after so long: seconds, or 5m, 1h' }) }),
  async run({ duration }, context) {
    const ms = duration === undefined || /^-\d/.test(duration) ? 0 : durationMs(duration, '--duration')
    // RQ refuses 0 as a failure of its own, not as wrong usage.
    if (duration !== undefined && ms < SECOND_MS) throw new CommandError('The duration must be at least 1 second.')
    const seconds = duration === undefined ? undefined : Math.ceil(ms / SECOND_MS)
    await using session = await Session.open(context)
    await session.rq.suspend(session.where, seconds === undefined ? {} : { duration: seconds })
    const until =
      seconds === undefined ? 'until you resume them' : `for ${seconds} seconds, then they resume by themselves`
    context.output.say(`Workers are suspended ${until}. Jobs that run are completed; no new ones are started.`)
    return undefined
  },
})
