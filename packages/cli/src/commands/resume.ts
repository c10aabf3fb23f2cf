import { defineCommand } from '../command.ts'
import { texts } from '../flags.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const resume = defineCommand({
  name: 'resume',
  summary: 'Resume paused workers',
  examples: [
    ['resume', 'Let workers start jobs again'],
    ['resume --queue low', 'Let them start jobs of one queue again'],
    ['worker-resume w1', 'End the pause of one worker instead'],
  ],
  quietLetter: null,
  positionals: {},
  flags: { queue: texts({ alias: 'q', valueName: 'name', describe: 'Resume this queue only' }) },
  async run({ queue: names = [] }, context) {
    await using session = await Session.open(context)
    if (names.length === 0) {
      await session.rq.resume(session.where)
      context.output.say('Workers are resumed.')
      return undefined
    }
    for (const queue of await session.queues(names, '--queue')) {
      const wasPaused = await queue.resume()
      context.output.say(`Queue ${visible(queue.name)} ${wasPaused ? 'is resumed' : 'was not paused'}.`)
    }
    return undefined
  },
})
