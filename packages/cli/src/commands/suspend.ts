import { SECOND_MS } from '@rq/core'
import { duration as durationMs } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { CommandError } from '../exit-code.ts'
import { text, texts } from '../flags.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const suspend = defineCommand({
  name: 'suspend',
  summary: 'Pause all workers',
  examples: [
    ['suspend', 'Start no jobs until rq-cli resume'],
    ['suspend --duration 300', 'Start no jobs for five minutes'],
    ['suspend --queue low', 'Start no jobs of one queue'],
    ['worker-pause w1', 'Hold back one worker instead'],
  ],
  quietLetter: null,
  positionals: {},
  flags: {
    duration: text({
      alias: 'd',
      valueName: 'time',
      describe: 'Resume after this time',
      defaultDescription: 'never',
    }),
    queue: texts({ alias: 'q', valueName: 'name', describe: 'Pause this queue only' }),
  },
  async run({ duration, queue: names = [] }, context) {
    const ms = duration === undefined || /^-\d/.test(duration) ? 0 : durationMs(duration, '--duration')
    // Exit code 1, not 2: RQ treats a duration of 0 as a failure of the command.
    if (duration !== undefined && ms < SECOND_MS) throw new CommandError('The duration must be at least 1 second.')
    const seconds = duration === undefined ? undefined : Math.ceil(ms / SECOND_MS)
    const options = seconds === undefined ? {} : { duration: seconds }
    const until = (resume: string) => (seconds === undefined ? `until \`rq-cli ${resume}\`` : `for ${seconds} seconds`)
    const effect = 'Running jobs finish; no new jobs start.'
    await using session = await Session.open(context)
    if (names.length === 0) {
      await session.rq.suspend(session.where, options)
      context.output.say(`Workers are suspended ${until('resume')}. ${effect}`)
      return undefined
    }
    for (const queue of new Set(names.map((name) => session.queueForJobs(name, '--queue')))) {
      await queue.pause(options)
      const { name } = queue
      context.output.say(`Queue ${visible(name)} is paused ${until(`resume --queue ${visible(name)}`)}. ${effect}`)
    }
    return undefined
  },
})
