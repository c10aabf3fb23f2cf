import { SECOND_MS } from '@rq/core'
import type { RegistrySelection } from 'rq'
import { duration, wholeNumber } from '../arguments/option-value.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { defined } from '../defined.ts'
import { EXIT, type ExitCode, UsageError } from '../exit-code.ts'
import { flag, text } from '../flags.ts'
import { functionName } from '../function-name.ts'
import { counted } from '../output/counted.ts'
import type { Progress } from '../output/output.ts'
import { visible } from '../output/terminal-text.ts'
import { Session } from '../session.ts'

/** Jobs requeued at once: enough to fill the connection, few enough not to flood Redis. */
const AT_ONCE = 100
const MOST_SHOWN = 20
/** Jobs of `--all` between two steps of the progress bar. */
const STEP = 500

export const requeue = defineCommand({
  name: 'requeue',
  summary: 'Requeue failed jobs',
  quietLetter: null,
  examples: [
    ['requeue 0f9d... 77ab...', 'Some jobs'],
    ['requeue --queue default --all', 'All failed jobs of a queue'],
    ['requeue --all --yes', 'All failed jobs of all queues; do not ask'],
    ['requeue --queue mail --all --older-than 1h --function ./mail#send', 'Some of them'],
  ],
  positionals: {
    ids: { type: 'string', array: true, describe: 'Ids of failed jobs', defaultDescription: 'none' },
  },
  flags: {
    queue: text({ alias: 'q', valueName: 'name', describe: 'Queue name', defaultDescription: 'all queues' }),
    all: flag({ alias: 'a', describe: 'All failed jobs, of one queue or of all' }),
    limit: text({ valueName: 'n', describe: 'With --all: at most so many jobs', defaultDescription: 'all' }),
    'older-than': text({
      valueName: 'time',
      describe: 'With --all: jobs that ended longer ago',
      defaultDescription: 'all',
    }),
    function: text({ valueName: 'name', describe: 'With --all: calls of this function', defaultDescription: 'all' }),
    yes: YES_FLAG,
    'at-front': flag({ describe: 'Put them at the head of the queue' }),
  },
  async run(flags, context) {
    const { all = false, atFront = false, function: func, ids: given = [], limit, olderThan, queue: name } = flags
    if (given.length > 0 && all) throw new UsageError('ids and --all cannot be used together.')
    if (given.length === 0 && !all && name === undefined) throw new UsageError('Expected ids of failed jobs, or --all.')
    if (!all && (limit ?? olderThan ?? func) !== undefined) {
      throw new UsageError('--limit, --older-than and --function need --all.')
    }
    const selection = defined({
      limit: limit === undefined ? undefined : wholeNumber(limit, '--limit', 1),
      olderThan: olderThan === undefined ? undefined : duration(olderThan, '--older-than') / SECOND_MS,
      function: func === undefined ? undefined : await functionName(func, context.settings.importPaths),
    })
    await using session = await Session.open(context)
    if (all) return await requeueSelected(session, name, { ...selection, atFront }, flags.yes, context)
    const jobs = given.map((id) => ({ id, queue: name }))
    return jobs.length === 0 ? nothingToDo(context) : await requeueGiven(session, jobs, name, atFront, context)
  },
})

type Selection = RegistrySelection & { readonly atFront: boolean }

/** Requeue the failed jobs of a queue, or of all, some hundred in each step. */
async function requeueSelected(
  session: Session,
  name: string | undefined,
  selection: Selection,
  yes: boolean | undefined,
  context: CommandContext,
): Promise<ExitCode> {
  const { output } = context
  const queues = await session.queues(name === undefined ? [] : [name], '--queue')
  const counts = await session.rq.Queue.counts(
    queues.map((queue) => queue.name),
    session.where,
  )
  const failed = queues.filter((_, at) => (counts[at]?.failed ?? 0) > 0)
  const total = counts.reduce((sum, count) => sum + count.failed, 0)
  if (total === 0) return nothingToDo(context)
  const isFiltered = selection.olderThan !== undefined || selection.function !== undefined
  const most = Math.min(total, selection.limit ?? total)
  if (name === undefined) {
    const what = `${isFiltered ? 'up to ' : ''}${counted(most, 'failed job')}`
    await confirm(`Requeue ${what} of ${counted(failed.length, 'queue')}?`, yes, context)
  }
  output.say(isFiltered ? 'Requeueing from failed queue' : `Requeueing ${counted(most, 'job')} from failed queue`)
  const progress = await output.progress('Requeueing', most)
  let done = 0
  for (const queue of failed) {
    for (let left = 1; left > 0 && done < most; ) {
      // A call with a filter looks at the whole registry, so it is made once.
      const limit = Math.min(most - done, isFiltered ? most : STEP)
      const step = await queue.failedJobRegistry.requeueAll({ ...selection, limit })
      done += step.done
      progress.advance(step.done)
      left = isFiltered || step.done === 0 ? 0 : step.left
    }
  }
  progress.end()
  output.print(`${counted(done, 'job')} requeued to ${placeOf(name)}`)
  if (!isFiltered && done < most) output.say(`${counted(most - done, 'job')} no longer there`)
  return EXIT.done
}

function nothingToDo({ output }: CommandContext): ExitCode {
  output.print('Nothing to do')
  return EXIT.done
}

function placeOf(name: string | undefined): string {
  return name === undefined ? 'their queues' : `${visible(name)} queue`
}

async function requeueGiven(
  session: Session,
  jobs: readonly Failed[],
  name: string | undefined,
  atFront: boolean,
  { output }: CommandContext,
): Promise<ExitCode> {
  output.say(`Requeueing ${counted(jobs.length, 'job')} from failed queue`)
  const progress = await output.progress('Requeueing', jobs.length)
  const requeueOne = ({ id, queue }: Failed): Promise<void> =>
    queue === undefined
      ? session.rq.requeueJob(id, { ...session.where, atFront }).then(() => {})
      : session.queue(queue, '--queue').failedJobRegistry.requeue(id, { atFront })
  const failures = await requeueAll(jobs, requeueOne, progress)
  progress.end()
  output.print(`${counted(jobs.length - failures.length, 'job')} requeued to ${placeOf(name)}`)
  if (failures.length === 0) return EXIT.done
  output.log(`Unable to requeue ${counted(failures.length, 'job')} from failed job registry:`)
  for (const { id, why } of failures.slice(0, MOST_SHOWN)) output.log(`  ${visible(id)}: ${visible(why)}`)
  if (failures.length > MOST_SHOWN) output.log(`  and ${failures.length - MOST_SHOWN} more`)
  return EXIT.failure
}

/** A job to requeue, and its queue if that is known. */
interface Failed {
  readonly id: string
  readonly queue: string | undefined
}

interface Failure {
  readonly id: string
  readonly why: string
}

async function requeueAll(
  jobs: readonly Failed[],
  requeueOne: (job: Failed) => Promise<void>,
  progress: Progress,
): Promise<Failure[]> {
  const failures: Failure[] = []
  const rest = jobs.values()
  const work = async (): Promise<void> => {
    for (const job of rest) {
      try {
        await requeueOne(job)
      } catch (error) {
        if (isLost(error)) throw error
        failures.push({ id: job.id, why: error instanceof Error ? error.message : String(error) })
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
