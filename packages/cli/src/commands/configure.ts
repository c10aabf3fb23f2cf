import type { Queue, QueueConfiguration } from 'rq'
import { wholeNumber } from '../arguments/option-value.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { UsageError } from '../exit-code.ts'
import { text } from '../flags.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'

/** The word for no limit. */
const NONE = 'none'

export const configure = defineCommand({
  name: 'configure',
  summary: 'Show or set how many ended jobs a queue keeps',
  examples: [
    ['configure mail', 'Show how long a queue keeps its jobs'],
    ['configure mail --keep-failed 1000', 'Keep the newest 1000 failed jobs'],
    ['configure mail --keep-failed none', 'Keep failed jobs for their failure TTL'],
  ],
  positionals: {
    queue: { type: 'string', demandOption: true, describe: 'Queue name' },
  },
  flags: {
    'keep-finished': text({ valueName: 'n', describe: 'Newest finished jobs to keep; none = no limit' }),
    'keep-failed': text({ valueName: 'n', describe: 'Newest failed jobs to keep; none = no limit' }),
    yes: YES_FLAG,
    json: JSON_FLAG,
  },
  async run({ queue: name, keepFinished, keepFailed, json, yes }, context) {
    const changes: Partial<QueueConfiguration> = {
      ...(keepFinished !== undefined && { keepFinished: limitOf(keepFinished, '--keep-finished') }),
      ...(keepFailed !== undefined && { keepFailed: limitOf(keepFailed, '--keep-failed') }),
    }
    await using session = await Session.open(context)
    const queue = session.queue(name, 'queue')
    const isChange = Object.keys(changes).length > 0
    if (isChange) await confirmDeletion(queue, changes, yes, context)
    const configuration = isChange ? await queue.configure(changes) : await queue.configuration()
    if (json === true) context.output.json({ queue: queue.name, ...configuration })
    else context.output.print(shown(visible(queue.name), configuration))
    return undefined
  },
})

/** @throws UsageError naming the flag. */
function limitOf(word: string, flag: string): number | null {
  if (word === NONE) return null
  if (!/^\d+$/.test(word)) {
    throw new UsageError(`Invalid ${flag}: got "${visible(word)}", expected a whole number of jobs, or ${NONE}.`)
  }
  return wholeNumber(word, flag)
}

/** Ask before jobs are deleted that are more than the queue may keep. */
async function confirmDeletion(
  queue: Queue,
  { keepFailed = null, keepFinished = null }: Partial<QueueConfiguration>,
  yes: boolean | undefined,
  context: CommandContext,
): Promise<void> {
  const { failed, finished } = await queue.counts()
  const surplus = (count: number, limit: number | null) => (limit === null ? 0 : Math.max(count - limit, 0))
  const parts = [
    [surplus(finished, keepFinished), 'finished'],
    [surplus(failed, keepFailed), 'failed'],
  ] as const
  const words = parts.filter(([count]) => count > 0).map(([count, kind]) => `${count} ${kind}`)
  if (words.length > 0) await confirm(`Delete ${words.join(' and ')} jobs of ${visible(queue.name)}?`, yes, context)
}

function shown(name: string, { keepFailed, keepFinished }: QueueConfiguration): string {
  const which = (limit: number | null) => (limit === null ? 'all' : limit === 0 ? 'none' : `the newest ${limit}`)
  return [
    `Finished jobs that ${name} keeps: ${which(keepFinished)}, each for its result TTL (500 seconds unless set)`,
    `Failed jobs that ${name} keeps: ${which(keepFailed)}, each for its failure TTL (a year unless set)`,
  ].join('\n')
}
