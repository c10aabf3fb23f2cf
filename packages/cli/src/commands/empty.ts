import { flag } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { confirm, YES_OPTION } from '../confirmation.ts'
import { Session } from '../session.ts'

export const empty = defineCommand({
  name: 'empty',
  positional: '[queues..]',
  summary: 'Delete the jobs that wait in queues',
  examples: [
    ['empty low', 'One queue'],
    ['empty --all --yes', 'Every queue, without a question'],
  ],
  options: (yargs) =>
    yargs.positional('queues', { type: 'string', array: true, describe: 'Names of queues' }).options({
      all: flag({ alias: 'a', describe: 'Every queue there is' }),
      yes: YES_OPTION,
    }),
  async run({ queues: names = [], all, yes }, context) {
    if (names.length === 0 && !all) {
      context.output.print('Nothing to do')
      return undefined
    }
    await using session = await Session.open(context)
    const queues = await session.queues(all ? [] : names, 'queues')
    const counts = await Promise.all(queues.map((queue) => queue.count()))
    const jobs = counts.reduce((sum, count) => sum + count, 0)
    if (jobs > 0) await confirm(`Delete ${jobs} jobs of ${queues.map(({ name }) => name).join(', ')}?`, yes, context)
    for (const queue of queues) {
      context.output.print(`${await queue.empty()} jobs removed from ${queue.name} queue`)
    }
    if (queues.length === 0) context.output.print('Nothing to do')
    return undefined
  },
})
