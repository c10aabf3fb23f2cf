import { defineCommand } from '../command.ts'
import { Session } from '../session.ts'

export const resume = defineCommand({
  name: 'resume',
  summary: 'Let suspended workers take up jobs again',
  examples: [['resume', 'Lift a suspension']],
  options: (yargs) => yargs,
  async run(_options, context) {
    await using session = await Session.open(context)
    await session.rq.resume(session.where)
    context.output.say('Workers take up jobs again.')
    return undefined
  },
})
