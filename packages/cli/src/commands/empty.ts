import { defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { UsageError } from '../exit-code.ts'
import { flag } from '../flags.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

export const empty = defineCommand({
  name: 'empty',
  summary: 'Delete all queued jobs',
  examples: [
    ['empty low', 'Empty one queue'],
    ['empty --all --yes', 'Empty all queues; do not ask'],
  ],
  positionals: {
    queues: { type: 'string', array: true, describe: 'Queue names', defaultDescription: 'none' },
  },
  flags: {
    all: flag({ alias: 'a', describe: 'All queues' }),
    yes: YES_FLAG,
  },
  async run({ queues: names = [], all, yes }, context) {
    if (names.length > 0 && all === true) throw new UsageError('queues and --all cannot be used together.')
    if (names.length === 0 && all !== true) {
      context.output.print('Nothing to do')
      return undefined
    }
    await using session = await Session.open(context)
    const queues = await session.queues(all === true ? [] : names, 'queues')
    const counts = await Promise.all(queues.map((queue) => queue.count()))
    const jobs = counts.reduce((sum, count) => sum + count, 0)
    if (jobs > 0)
      await confirm(`Delete ${jobs} jobs of ${queues.map(({ name }) => visible(name)).join(', ')}?`, yes, context)
    for (const queue of queues) {
      context.output.print(`${await queue.empty()} jobs removed from ${visible(queue.name)} queue`)
    }
    if (queues.length === 0) context.output.print('Nothing to do')
    return undefined
  },
})
