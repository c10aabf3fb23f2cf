import { defineCommand } from '../command.ts'
import { type JobDocument, jobDocument } from '../job-document.ts'
import { JOB_ID } from '../job-id.ts'
import type { Paint } from '../output/paint.ts'
import { shownValue } from '../output/shown-value.ts'
import { facts } from '../output/table.ts'
import { visible, visibleBlock } from '../output/terminal-text.ts'
import { fromNow, localTime, shortDuration } from '../output/time-text.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'

export const job = defineCommand({
  name: 'job',
  summary: 'Show everything about one job',
  examples: [
    ['job 0f9d...', 'Status, times, arguments, results, errors'],
    ['job 0f9d... --json', 'The same as JSON'],
  ],
  positionals: { id: JOB_ID },
  flags: { json: JSON_FLAG },
  async run({ id, json }, context) {
    await using session = await Session.open(context)
    const { output } = context
    const handle = await session.job(id)
    const document = await jobDocument(handle)
    if (json === true) output.json(document)
    else {
      const value = (read: () => unknown): string => {
        try {
          return visibleBlock(shownValue(read(), output.columns))
        } catch (error) {
          return visible(error instanceof Error ? error.message : 'cannot be read')
        }
      }
      const call = document.unreadable === null ? [() => handle.args, () => handle.kwargs].map(value) : ['', '']
      const results = await handle.results()
      const values = results.map((result) => value(() => result.returnValue))
      output.print(
        describe(
          document,
          {
            args: call[0] ?? '',
            kwargs: call[1] ?? '',
            meta: value(() => handle.meta),
            values,
            waiting: WAITING.has(document.status) ? (await handle.explain()).text : null,
          },
          output.paint,
        ),
      )
    }
    return undefined
  },
})

/** The statuses in which a user may ask why the job does not run. */
const WAITING: ReadonlySet<string> = new Set(['queued', 'scheduled', 'deferred', 'rate_limited'])

interface Shown {
  readonly args: string
  readonly kwargs: string
  readonly meta: string
  /** The return values of the results, in their order. */
  readonly values: readonly string[]
  /** Why the job is not running yet. */
  readonly waiting: string | null
}

type Line = readonly [name: string, value: string]

function describe(document: JobDocument, shown: Shown, paint: Paint): string {
  const lines: Line[] = [
    ['Job', paint.bold(visible(document.id))],
    ['Status', statusColour(document.status, paint)],
    ['Queue', place(document)],
    ...text('Waiting', shown.waiting),
    ['Description', visible(document.description ?? '')],
    ...call(document, shown),
    ...(shown.meta === '{}' ? [] : [['Meta', shown.meta] as const]),
    ...times(document),
    ...limits(document),
    ...text('Worker', document.worker),
    ...text('Group', document.group),
    ...document.dependencies.map(
      ({ id, status }) => ['Depends on', `${visible(id)} (${status ?? 'deleted'})`] as const,
    ),
    ...document.dependents.map((id) => ['Dependent', visible(id)] as const),
    ...document.executions.map(
      ({ id, leaseEndsAt }) => ['Execution', `${visible(id)}, leased until ${time(leaseEndsAt)}`] as const,
    ),
    ...document.results.flatMap((result, index) => resultLines(result, shown.values[index] ?? '', paint)),
  ]
  return facts(lines)
}

function call({ function: func, unreadable }: JobDocument, { args, kwargs }: Shown): Line[] {
  if (unreadable !== null) return [['Call', visible(unreadable)]]
  return [
    ['Function', visible(func ?? '')],
    ['Arguments', args],
    ...(kwargs === '{}' ? [] : [['Keyword args', kwargs] as const]),
  ]
}

function place({ queue, position }: JobDocument): string {
  return position === null ? visible(queue) : `${visible(queue)}, ${position === 0 ? 'next' : `${position} jobs ahead`}`
}

function times(document: JobDocument): Line[] {
  const { startedAt, endedAt } = document
  const took =
    startedAt !== null && endedAt !== null && endedAt >= startedAt
      ? [['Took', shortDuration(Date.parse(endedAt) - Date.parse(startedAt))] as const]
      : []
  return [
    ...moment('Created', document.createdAt),
    ...moment('Enqueued', document.enqueuedAt),
    ...moment('Started', startedAt),
    ...moment('Ended', endedAt),
    ...took,
  ]
}

function limits(document: JobDocument): Line[] {
  const { attempt, maxAttempts, timeout, ttl, resultTtl, failureTtl, retriesLeft, repeatsLeft, uniqueKey } = document
  return [
    ...seconds('Timeout', timeout, 'no limit'),
    ...seconds('TTL', ttl, 'no limit'),
    ...seconds('Result TTL', resultTtl, 'no limit'),
    ...seconds('Failure TTL', failureTtl, 'no limit'),
    ...(maxAttempts === 1 ? [] : [['Attempt', `${attempt} of ${maxAttempts}`] as const]),
    ...(retriesLeft === null ? [] : [['Retries left', String(retriesLeft)] as const]),
    ...(uniqueKey === null ? [] : [['Unique key', uniqueKey] as const]),
    ...(repeatsLeft === null ? [] : [['Repeats left', String(repeatsLeft)] as const]),
  ]
}

function resultLines(result: JobDocument['results'][number], value: string, paint: Paint): Line[] {
  const { type, createdAt, error, worker } = result
  const by = worker === null ? '' : ` by ${visible(worker)}`
  const head: Line = [
    'Result',
    `${type === 'successful' ? paint.green(type) : paint.red(type)} at ${time(createdAt)}${by}`,
  ]
  const shown: Line[] =
    type === 'successful' ? [['Returned', result.unreadable === null ? value : visible(result.unreadable)]] : []
  return [head, ...shown, ...(error === null ? [] : [['Error', `${visibleBlock(error.trimEnd())}\n`] as const])]
}

function statusColour(status: string, paint: Paint): string {
  if (status === 'finished') return paint.green(status)
  if (status === 'failed' || status === 'stopped') return paint.red(status)
  return status === 'started' ? paint.blue(status) : visible(status)
}

function text(name: string, value: string | null): Line[] {
  return value === null ? [] : [[name, visible(value)]]
}

function moment(name: string, iso: string | null): Line[] {
  return iso === null ? [] : [[name, `${time(iso)} (${fromNow(new Date(iso), Date.now())})`]]
}

function seconds(name: string, value: number | null, unlimited: string): Line[] {
  return value === null ? [] : [[name, value === -1 ? unlimited : `${value} s`]]
}

const time = (iso: string | null): string => (iso === null ? 'never' : localTime(new Date(iso)))
