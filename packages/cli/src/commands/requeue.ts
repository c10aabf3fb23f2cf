import { defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { EXIT, UsageError } from '../exit-code.ts'
import { flag, text } from '../flags.ts'
import { counted } from '../output/counted.ts'
import type { Progress } from '../output/output.ts'
import { visible } from '../output/terminal-text.ts'
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
  ],
  positionals: {
    ids: { type: 'string', array: true, describe: 'Ids of failed jobs', defaultDescription: 'none' },
  },
  flags: {
    queue: text({ alias: 'q', valueName: 'name', describe: 'Queue name', defaultDescription: 'all queues' }),
    all: flag({ alias: 'a', describe: 'All failed jobs, of one queue or of all' }),
    yes: YES_FLAG,
    'at-front': flag({ describe: 'Put them at the head of the queue' }),
  },
  async run({ queue: name, ids: given = [], all, atFront = false, yes }, context) {
    const { output } = context
    if (given.length > 0 && all === true) throw new UsageError('ids and --all cannot be used together.')
    if (given.length === 0 && all !== true && name === undefined) {
      throw new UsageError('Expected ids of failed jobs, or --all.')
    }
    await using session = await Session.open(context)
    const jobs = all === true ? await failedJobs(session, name) : given.map((id) => ({ id, queue: name }))
    if (jobs.length === 0) {
      output.print('Nothing to do')
      return EXIT.done
    }
    if (all === true && name === undefined) {
      const queues = new Set(jobs.map(({ queue }) => queue)).size
      await confirm(`Requeue ${counted(jobs.length, 'failed job')} of ${counted(queues, 'queue')}?`, yes, context)
    }
    output.say(`Requeueing ${counted(jobs.length, 'job')} from failed queue`)
    const progress = await output.progress('Requeueing', jobs.length)
    const requeueOne = ({ id, queue }: Failed): Promise<void> =>
      queue === undefined
        ? session.rq.requeueJob(id, { ...session.where, atFront }).then(() => {})
        : session.queue(queue, '--queue').failedJobRegistry.requeue(id, { atFront })
    const failures = await requeueAll(jobs, requeueOne, progress)
    progress.end()
    const to = name === undefined ? 'their queues' : `${visible(name)} queue`
    output.print(`${counted(jobs.length - failures.length, 'job')} requeued to ${to}`)
    if (failures.length === 0) return EXIT.done
    output.log(`Unable to requeue ${counted(failures.length, 'job')} from failed job registry:`)
    for (const { id, why } of failures.slice(0, MOST_SHOWN)) output.log(`  ${visible(id)}: ${visible(why)}`)
    if (failures.length > MOST_SHOWN) output.log(`  and ${failures.length - MOST_SHOWN} more`)
    return EXIT.failure
  },
})

/** A job to requeue, and its queue if that is known. */
interface Failed {
  readonly id: string
  readonly queue: string | undefined
}

async function failedJobs(session: Session, name: string | undefined): Promise<Failed[]> {
  const queues = await session.queues(name === undefined ? [] : [name], '--queue')
  const found: Failed[] = []
  for (const queue of queues) {
    for (const id of await queue.failedJobRegistry.getJobIds()) found.push({ id, queue: queue.name })
  }
  return found
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
