import type { Job, Queue, QueueCounts } from 'rq'
import { wholeNumber } from '../arguments/option-value.ts'
import { defineCommand } from '../command.ts'
import { UsageError } from '../exit-code.ts'
import { text, texts } from '../flags.ts'
import { jobCall, jobSummary } from '../job-document.ts'
import { table } from '../output/table.ts'
import { fromNow } from '../output/time-text.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'

/** Where a queue keeps its jobs, the most interesting first. */
const PLACES = ['started', 'queued', 'scheduled', 'deferred', 'failed', 'finished', 'canceled'] as const
type Place = (typeof PLACES)[number]
/** Not a status: ids that were set aside. Listed only when asked for. */
const BROKEN = 'broken'

interface Found {
  readonly job: Job
  readonly status: string
}

export const jobs = defineCommand({
  name: 'jobs',
  summary: 'List jobs',
  examples: [
    ['jobs --status failed', 'Failed jobs of all queues'],
    ['jobs --queue low --limit 200 --json', 'One queue, as JSON'],
    ['jobs --error RQ_INPUT_INVALID', 'Jobs that failed with an error'],
  ],
  quietLetter: null,
  positionals: {},
  flags: {
    queue: texts({ alias: 'q', valueName: 'name', describe: 'This queue only' }),
    status: texts({
      valueName: 'status',
      choices: [...PLACES, BROKEN],
      describe: 'This status only; failed includes stopped; broken = set aside, nothing runs them',
    }),
    error: text({ valueName: 'code', describe: 'Failed jobs with this error only, by its code or class' }),
    limit: text({
      valueName: 'n',
      default: '50',
      defaultDescription: '50',
      describe: 'Maximum number of jobs to list',
    }),
    json: JSON_FLAG,
  },
  async run({ error, queue: typed = [], status = [], limit: limitText, json }, context) {
    const { output } = context
    const limit = wholeNumber(limitText, '--limit', 1)
    const places = placesOf(status, error)
    await using session = await Session.open(context)
    const queues = await session.queues(typed, '--queue')
    const found: Found[] = []
    const names = queues.map(({ name }) => name)
    const counts = await session.rq.Queue.counts(names, session.where)
    const sumOf = (count: QueueCounts) => places.reduce((sum, place) => sum + count[place], 0)
    const stored = counts.reduce((sum, count) => sum + sumOf(count), 0)
    for (const place of places) {
      for (const [index, queue] of queues.entries()) {
        if (found.length >= limit) break
        if (counts[index]?.[place] === 0) continue
        const most = limit - found.length
        const shown =
          error === undefined ? await session.jobs(await idsIn(queue, place, most)) : failedWith(queue, error, most)
        for await (const job of shown) found.push({ job, status: await job.getStatus({ refresh: false }) })
      }
    }
    const broken = status.includes(BROKEN) ? await brokenIn(queues, limit) : []
    // How many failed with an error is known only when each was looked at.
    const total = error === undefined ? stored : found.length
    if (json === true) {
      const summaries = found.map(({ job, status }) => jobSummary(job, status))
      output.json({ total, jobs: summaries, ...(status.includes(BROKEN) && { broken }) })
      return undefined
    }
    const header = ['ID', 'STATUS', 'QUEUE', 'WHEN', 'DESCRIPTION']
    const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY
    const [head = '', ...rows] = table(header, [...found.map(row), ...broken.map(brokenRow)], columns)
    if (rows.length > 0) output.print([output.paint.bold(head), ...rows].join('\n'))
    const shown = total > found.length ? `${found.length} of ${total}` : String(total)
    output.say(`${shown} ${total === 1 ? 'job' : 'jobs'}${broken.length > 0 ? `, ${broken.length} broken` : ''}`)
    return undefined
  },
})

/** @throws UsageError for an error with another status than failed. */
function placesOf(status: readonly string[], error: string | undefined): readonly Place[] {
  if (error === undefined) return PLACES.filter((place) => status.length === 0 || status.includes(place))
  if (status.some((place) => place !== 'failed'))
    throw new UsageError('--error is for failed jobs: leave --status out.')
  return ['failed']
}

/** Those that ended last come first. */
function failedWith(queue: Queue, error: string, limit: number): AsyncIterable<Job> {
  return queue.failedJobRegistry.jobs({ error, limit, desc: true })
}

function row({ job, status }: Found): string[] {
  const since = status === 'started' ? job.startedAt : (job.endedAt ?? job.enqueuedAt ?? job.createdAt)
  return [job.id, status, job.origin, fromNow(since ?? job.createdAt, Date.now()), describe(job)]
}

/** Of a job that nothing describes, the reason: its call was too large to be read, or is unreadable. */
function describe(job: Job): string {
  return job.description ?? jobCall(job).unreadable ?? ''
}

interface Broken {
  readonly id: string
  readonly queue: string
  readonly foundAt: string
  readonly reason: string
}

async function brokenIn(queues: readonly Queue[], limit: number): Promise<Broken[]> {
  const found: Broken[] = []
  for (const queue of queues) {
    if (found.length >= limit) break
    for (const { foundAt, id, reason } of await queue.getBrokenJobs({ length: limit - found.length }))
      found.push({ id, queue: queue.name, foundAt: foundAt.toISOString(), reason })
  }
  return found
}

function brokenRow({ foundAt, id, queue, reason }: Broken): string[] {
  return [id, BROKEN, queue, fromNow(new Date(foundAt), Date.now()), reason]
}

function idsIn(queue: Queue, place: Place, most: number): Promise<readonly string[]> {
  if (place === 'queued') return queue.getJobIds({ length: most })
  // Newest first; scheduled jobs in the order in which they are due. A user who may only read cleans nothing up.
  return registryOf(queue, place).getJobIds({ end: most - 1, desc: place !== 'scheduled', cleanup: false })
}

function registryOf(queue: Queue, place: Exclude<Place, 'queued'>) {
  return queue[`${place}JobRegistry`]
}
