import type { Queue, Registry, RegistrySelection } from 'rq'
import { type CommandContext, defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { UsageError } from '../exit-code.ts'
import { flag, text } from '../flags.ts'
import { counted } from '../output/counted.ts'
import { visible } from '../output/terminal-text.ts'
import { isFiltered, refuseSelection, selectionFlags, selectionOf, takeSelected } from '../selected-jobs.ts'
import { Session } from '../session.ts'

/** The registries that can be cleared. `rq-cli empty` deletes queued jobs. */
const REGISTRIES = {
  failed: (queue: Queue): Registry => queue.failedJobRegistry,
  finished: (queue: Queue): Registry => queue.finishedJobRegistry,
  canceled: (queue: Queue): Registry => queue.canceledJobRegistry,
  deferred: (queue: Queue): Registry => queue.deferredJobRegistry,
  scheduled: (queue: Queue): Registry => queue.scheduledJobRegistry,
} as const
type Status = keyof typeof REGISTRIES
const STATUSES = Object.keys(REGISTRIES) as Status[]

export const deleteJob = defineCommand({
  name: 'delete',
  summary: 'Delete a job and its results, or many jobs',
  quietLetter: null,
  examples: [
    ['delete 0f9d... --yes', 'Delete it; do not ask'],
    ['delete --status failed --older-than 7d', 'Failed jobs of all queues'],
    ['delete --status finished --queue mail --limit 1000', 'Some jobs of a queue'],
  ],
  positionals: { id: { type: 'string', describe: 'Job id', defaultDescription: 'none' } },
  flags: {
    status: text({
      valueName: 'status',
      choices: STATUSES,
      describe: 'All jobs of this status; failed includes stopped',
    }),
    queue: text({
      alias: 'q',
      valueName: 'name',
      describe: 'With --status: jobs of this queue',
      defaultDescription: 'all queues',
    }),
    ...selectionFlags('--status'),
    'with-dependents': flag({ describe: 'With an id: also delete the jobs that depend on it' }),
    yes: YES_FLAG,
  },
  async run(flags, context) {
    const { id, queue, status, withDependents = false, yes } = flags
    if (id !== undefined && status !== undefined) throw new UsageError('id and --status cannot be used together.')
    if (status !== undefined) {
      if (withDependents) throw new UsageError('--with-dependents needs the id of a job.')
      const selection = await selectionOf(flags, context)
      await using session = await Session.open(context)
      return await deleteSelected(session, { isSure: yes, queue, selection, status: status as Status }, context)
    }
    if (queue !== undefined) throw new UsageError('--queue needs --status.')
    refuseSelection(flags, '--status')
    if (id === undefined) throw new UsageError('Expected the id of a job, or --status.')
    await using session = await Session.open(context)
    const job = await session.job(id)
    const now = await job.getStatus({ refresh: false })
    await confirm(`Delete job ${visible(job.id)} (${now}: ${visible(job.description ?? '')})?`, yes, context)
    await job.delete({ deleteDependents: withDependents })
    context.output.say(`Deleted job ${visible(job.id)}.`)
    return undefined
  },
})

interface DeleteSelected {
  readonly status: Status
  /** Undefined: all queues. */
  readonly queue: string | undefined
  readonly selection: RegistrySelection
  readonly isSure: boolean | undefined
}

/** Delete jobs of a status, of a queue or of all, some hundred in each step. */
async function deleteSelected(
  session: Session,
  { isSure, queue: name, selection, status }: DeleteSelected,
  context: CommandContext,
): Promise<undefined> {
  const { output } = context
  const queues = await session.queues(name === undefined ? [] : [name], '--queue')
  const names = queues.map((queue) => queue.name)
  const counts = (await session.rq.Queue.counts(names, session.where)).map((count) => count[status])
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) {
    output.print('Nothing to do')
    return
  }
  const found = queues.filter((_, at) => (counts[at] ?? 0) > 0)
  const most = Math.min(total, selection.limit ?? total)
  const where = name === undefined ? counted(found.length, 'queue') : `${visible(name)} queue`
  const what = `${isFiltered(selection) ? 'up to ' : ''}${counted(most, `${status} job`)}`
  await confirm(`Delete ${what} of ${where}?`, isSure, context)
  const progress = await output.progress('Deleting', most)
  const take = (queue: Queue, some: RegistrySelection) => REGISTRIES[status](queue).clear(some)
  const done = await takeSelected({ queues: found, selection, most, take }, progress)
  output.print(`${counted(done, `${status} job`)} deleted from ${where}`)
  return
}
