import { SECOND_MS } from '@rq/core'
import { duration as durationMs, text, texts } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { CommandError } from '../exit-code.ts'
import { Session } from '../session.ts'

export const suspend = defineCommand({
  name: 'suspend',
  summary: 'Let no worker take up jobs, until resume or for a time',
  examples: [
    ['suspend', 'Until you say resume'],
    ['suspend --duration 300', 'For five minutes'],
    ['suspend --queue low', 'Of one queue alone'],
  ],
  options: (yargs) =>
    yargs.options({
      duration: text({ alias: 'd', describe: 'Resume by itself after so long: seconds, or 5m, 1h' }),
      queue: texts({ describe: 'Only of this queue, repeatable' }),
    }),
  async run({ duration, queue: names = [] }, context) {
    const ms = duration === undefined || /^-\d/.test(duration) ? 0 : durationMs(duration, '--duration')
    // RQ refuses 0 as a failure of its own, not as wrong usage.
    if (duration !== undefined && ms < SECOND_MS) throw new CommandError('The duration must be at least 1 second.')
    const seconds = duration === undefined ? undefined : Math.ceil(ms / SECOND_MS)
    const options = seconds === undefined ? {} : { duration: seconds }
    const until = (them: string, resume: string) =>
      seconds === undefined ? `until you resume ${them}` : `for ${seconds} seconds, then ${resume}`
    await using session = await Session.open(context)
    if (names.length === 0) {
      await session.rq.suspend(session.where, options)
      const how = until('them', 'they resume by themselves')
      context.output.say(`Workers are suspended ${how}. Jobs that run are completed; no new ones are started.`)
      return undefined
    }
    for (const queue of await session.queues(names, '--queue')) {
      await queue.pause(options)
      const how = until('it', 'it resumes by itself')
      context.output.say(`Queue ${queue.name} is paused ${how}. Jobs that run are completed; no new ones are started.`)
    }
    return undefined
  },
})
