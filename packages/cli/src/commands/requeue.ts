import type { Queue, RegistrySelection } from 'rq'
import { type CommandContext, defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { EXIT, type ExitCode, UsageError } from '../exit-code.ts'
import { flag, text } from '../flags.ts'
import { counted } from '../output/counted.ts'
import type { Progress } from '../output/output.ts'
import { visible } from '../output/terminal-text.ts'
import { isFiltered, refuseSelection, selectionFlags, selectionOf, takeSelected } from '../selected-jobs.ts'
import { Session } from '../session.ts'

/** Jobs requeued at once: enough to fill the connection, few enough not to flood Redis. */
const AT_ONCE = 100
const MOST_SHOWN = 20

export const requeue = defineCommand({
  name: 'requeue',
  summary: 'Requeue failed jobs',
  quietLetter: null,
  examples: [
    ['requeue 0f9d... 77ab...', 'Some jobs'],
    ['requeue --queue default --all', 'All failed jobs of a queue'],
    ['requeue --all --yes', 'All failed jobs of all queues; do not ask'],
    ['requeue --queue mail --all --older-than 1h --function ./mail#send', 'Some of them'],
    ['requeue --all --error RQ_INPUT_INVALID', 'Those that failed with an error'],
  ],
  positionals: {
    ids: { type: 'string', array: true, describe: 'Ids of failed jobs', defaultDescription: 'none' },
  },
  flags: {
    queue: text({ alias: 'q', valueName: 'name', describe: 'Queue name', defaultDescription: 'all queues' }),
    all: flag({ alias: 'a', describe: 'All failed jobs, of one queue or of all' }),
    ...selectionFlags('--all'),
    yes: YES_FLAG,
    'at-front': flag({ describe: 'Put them at the head of the queue' }),
  },
  async run(flags, context) {
    const { all = false, atFront = false, ids: given = [], queue: name } = flags
    if (given.length > 0 && all) throw new UsageError('ids and --all cannot be used together.')
    if (given.length === 0 && !all && name === undefined) throw new UsageError('Expected ids of failed jobs, or --all.')
    if (!all) refuseSelection(flags, '--all')
    const selection = await selectionOf(flags, context)
    await using session = await Session.open(context)
    if (all) return await requeueSelected(session, name, { selection, atFront, isSure: flags.yes }, context)
    const jobs = given.map((id) => ({ id, queue: name }))
    return jobs.length === 0 ? nothingToDo(context) : await requeueGiven(session, jobs, name, atFront, context)
  },
})

interface RequeueSelected {
  readonly selection: RegistrySelection
  readonly atFront: boolean
  readonly isSure: boolean | undefined
}

/** Requeue the failed jobs of a queue, or of all, some hundred in each step. */
async function requeueSelected(
  session: Session,
  name: string | undefined,
  { atFront, isSure, selection }: RequeueSelected,
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
  const filtered = isFiltered(selection)
  const most = Math.min(total, selection.limit ?? total)
  if (name === undefined) {
    const what = `${filtered ? 'up to ' : ''}${counted(most, 'failed job')}`
    await confirm(`Requeue ${what} of ${counted(failed.length, 'queue')}?`, isSure, context)
  }
  output.say(filtered ? 'Requeueing from failed queue' : `Requeueing ${counted(most, 'job')} from failed queue`)
  const progress = await output.progress('Requeueing', most)
  const take = (queue: Queue, some: RegistrySelection) => queue.failedJobRegistry.requeueAll({ ...some, atFront })
  const done = await takeSelected({ queues: failed, selection, most, take }, progress)
  output.print(`${counted(done, 'job')} requeued to ${placeOf(name)}`)
  if (!filtered && done < most) output.say(`${counted(most - done, 'job')} no longer there`)
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
