import { defineCommand } from '../command.ts'
import { EXIT, UsageError } from '../exit-code.ts'
import { flag, text } from '../flags.ts'
import type { Progress } from '../output/output.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

/** Jobs requeued at once: enough to fill the connection, few enough not to flood Redis. */
const AT_ONCE = 100
const MOST_SHOWN = 20

export const requeue = defineCommand({
  name: 'requeue',
  summary: 'Requeue failed jobs',
  examples: [
    ['requeue --queue default --all', 'All failed jobs of a queue'],
    ['requeue --queue default 0f9d... 77ab...', 'Some of them'],
  ],
  positionals: {
    ids: { type: 'string', array: true, describe: 'Ids of failed jobs', defaultDescription: 'none' },
  },
  flags: {
    queue: text({ valueName: 'name', demandOption: true, describe: 'Queue name' }),
    all: flag({ alias: 'a', describe: 'All failed jobs of the queue' }),
    'at-front': flag({ describe: 'Put them at the head of the queue' }),
  },
  async run({ queue: name, ids: given = [], all, atFront = false }, context) {
    const { output } = context
    if (given.length > 0 && all === true) throw new UsageError('ids and --all cannot be used together.')
    await using session = await Session.open(context)
    const registry = session.queue(name, '--queue').failedJobRegistry
    const ids = all === true ? await registry.getJobIds() : given
    if (ids.length === 0) {
      output.print('Nothing to do')
      return EXIT.done
    }
    output.say(`Requeueing ${ids.length} jobs from failed queue`)
    const progress = await output.progress('Requeueing', ids.length)
    const failures = await requeueAll(ids, (id) => registry.requeue(id, { atFront }), progress)
    progress.end()
    output.print(`${ids.length - failures.length} jobs requeued to ${visible(name)} queue`)
    if (failures.length === 0) return EXIT.done
    output.log(`Unable to requeue ${failures.length} jobs from failed job registry:`)
    for (const { id, why } of failures.slice(0, MOST_SHOWN)) output.log(`  ${visible(id)}: ${visible(why)}`)
    if (failures.length > MOST_SHOWN) output.log(`  and ${failures.length - MOST_SHOWN} more`)
    return EXIT.failure
  },
})

interface Failure {
  readonly id: string
  readonly why: string
}

async function requeueAll(
  ids: readonly string[],
  requeueOne: (id: string) => Promise<void>,
  progress: Progress,
): Promise<Failure[]> {
  const failures: Failure[] = []
  const rest = ids.values()
  const work = async (): Promise<void> => {
    for (const id of rest) {
      try {
        await requeueOne(id)
      } catch (error) {
        if (isLost(error)) throw error
        failures.push({ id, why: error instanceof Error ? error.message : String(error) })
      }
      progress.advance(1)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return failures
}

/** Whether Redis cannot be reached, so that the other jobs would fail in the same way. */
function isLost(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'RQ_REDIS_UNREACHABLE'
}
