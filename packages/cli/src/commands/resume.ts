import { texts } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { Session } from '../session.ts'

export const resume = defineCommand({
  name: 'resume',
  summary: 'Let suspended workers take up jobs again',
  examples: [
    ['resume', 'Lift a suspension'],
    ['resume --queue low', 'Let them take jobs from one queue again'],
  ],
  options: (yargs) => yargs.options({ queue: texts({ describe: 'Only of this queue, repeatable' }) }),
  async run({ queue: names = [] }, context) {
    await using session = await Session.open(context)
    if (names.length === 0) {
      await session.rq.resume(session.where)
      context.output.say('Workers take up jobs again.')
      return undefined
    }
    for (const queue of await session.queues(names, '--queue')) {
      const wasPaused = await queue.resume()
      context.output.say(
        wasPaused ? `Workers take up jobs of ${queue.name} again.` : `Queue ${queue.name} was not paused.`,
      )
    }
    return undefined
  },
})
