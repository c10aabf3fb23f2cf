import { pause } from '@rq/core'
import stringWidth from 'string-width'
import { duration } from '../arguments/option-value.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { UsageError } from '../exit-code.ts'
import { flag, text } from '../flags.ts'
import { type InfoDocument, type QueueInfo, readInfo, type WorkerInfo } from '../info-document.ts'
import { bar, cellsFor, scaleFor } from '../output/bar.ts'
import { counted } from '../output/counted.ts'
import type { Paint } from '../output/paint.ts'
import { padded } from '../output/table.ts'
import { visibleName } from '../output/terminal-text.ts'
import { localTime } from '../output/time-text.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'

/** The width of queue names, as in RQ; longer names make it wider. */
const NAME_COLUMNS = 12

/** For those who look for memory that grows. Shown if a queue has failed jobs and no limit. */
const FAILED_NOTE = 'Failed jobs are kept for a year by default; `rq-cli configure` limits them.'

interface View {
  readonly raw: boolean
  readonly byQueue: boolean
  readonly queues: boolean
  readonly workers: boolean
}

/** How many failed jobs a queue keeps; null: no limit. Only queues that have failed jobs are in it. */
type FailedLimits = ReadonlyMap<string, number | null>

export const info = defineCommand({
  name: 'info',
  summary: 'Show queues and workers',
  examples: [
    ['info', 'All queues and workers'],
    ['info high low --interval 1', 'Two queues, refreshed every second'],
    ['info --raw --only-queues', 'Plain lines for scripts'],
  ],
  positionals: {
    queues: { type: 'string', array: true, describe: 'Queue names', defaultDescription: 'all queues' },
  },
  flags: {
    interval: text({
      alias: 'i',
      valueName: 'time',
      describe: 'Refresh at this interval',
      defaultDescription: 'show once',
    }),
    raw: flag({ alias: 'r', describe: 'Plain lines, without bars and totals' }),
    'only-queues': flag({ alias: 'Q', describe: 'Show queues only' }),
    'only-workers': flag({ alias: 'W', describe: 'Show workers only' }),
    'by-queue': flag({ alias: 'R', describe: 'List workers by queue' }),
    json: JSON_FLAG,
  },
  async run(flags, context) {
    const { queues: names = [], interval, onlyQueues, onlyWorkers, json } = flags
    if (onlyQueues === true && onlyWorkers === true)
      throw new UsageError('--only-queues and --only-workers cannot be used together.')
    const intervalMs = interval === undefined ? undefined : duration(interval, '--interval')
    if (intervalMs === 0) throw new UsageError('Invalid --interval: expected more than 0 seconds.')
    const view = {
      raw: flags.raw === true,
      byQueue: flags.byQueue === true,
      queues: onlyWorkers !== true,
      workers: onlyQueues !== true,
    }
    await using session = await Session.open(context)
    const show = async (): Promise<void> => {
      const document = await readInfo(session, names)
      if (json === true) {
        context.output.json(document, { oneLine: intervalMs !== undefined })
        return
      }
      const limits = view.queues && !view.raw ? await failedLimits(document, session) : new Map()
      const text = render(document, view, limits, context)
      if (intervalMs === undefined) context.output.print(text)
      else context.output.frame(text)
    }
    if (intervalMs === undefined) await show()
    else await repeat(show, intervalMs, context)
    return undefined
  },
})

/** Show it at every interval until the user interrupts. */
async function repeat(show: () => Promise<void>, intervalMs: number, { host }: CommandContext): Promise<void> {
  const enough = new AbortController()
  const stopListening = host.onInterrupt(() => enough.abort())
  try {
    while (!enough.signal.aborted) {
      await show()
      await pause(intervalMs, enough.signal)
    }
  } finally {
    stopListening()
  }
}

async function failedLimits({ queues }: InfoDocument, session: Session): Promise<FailedLimits> {
  const names = queues.filter(({ failed }) => failed > 0).map(({ name }) => name)
  const found = await Promise.all(
    names.map(async (name) => (await session.queue(name, 'queues').configuration()).keepFailed),
  )
  return new Map(names.map((name, index) => [name, found[index] ?? null]))
}

function render(document: InfoDocument, view: View, limits: FailedLimits, { output }: CommandContext): string {
  const { paint } = output
  const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY
  const lines: string[] = []
  if (view.queues) lines.push(...queueLines(document, view, limits, paint, columns))
  if (view.workers) {
    if (view.queues && !view.raw) lines.push('')
    lines.push(...workerLines(document, view, paint))
  }
  if (!view.raw) {
    if (document.suspended) lines.push('', paint.yellow('Workers are suspended: no new jobs are started.'))
    lines.push('', paint.dim(`Updated: ${localTime(new Date(document.updatedAt))}`))
  }
  return lines.join('\n')
}

function queueLines(
  { queues, totals }: InfoDocument,
  { raw }: View,
  limits: FailedLimits,
  paint: Paint,
  columns: number,
): string[] {
  if (raw) return queues.map((queue) => `queue ${visibleName(queue.name)} ${counts(queue)}`)
  const scale = scaleFor(Math.max(0, ...queues.map(({ count }) => count)))
  const width = Math.max(NAME_COLUMNS, ...queues.map(({ name }) => stringWidth(visibleName(name))))
  const used = width + ' | '.length + Math.max(0, ...queues.map((queue) => counts(queue, limits).length))
  const cells = cellsFor(columns, used)
  const lines = queues.map((queue) => {
    const drawn = paint.green(`|${bar(queue.count, scale, cells)}`)
    return `${padded(visibleName(queue.name), width)} ${drawn} ${counts(queue, limits).replace(/paused$/, paint.yellow)}`
  })
  const total = `${counted(totals.queues, 'queue')}, ${counted(totals.jobs, 'job')} total`
  const isUnlimited = [...limits.values()].includes(null)
  return [...lines, total, ...(isUnlimited ? [paint.dim(FAILED_NOTE)] : [])]
}

function counts(queue: QueueInfo, limits: FailedLimits = new Map()): string {
  const { count, executing, finished, failed, paused, rateLimited } = queue
  const limit = limits.get(queue.name) ?? null
  const kept = limit === null ? '' : ` (at most ${limit} kept)`
  const counted = `${count}, ${executing} executing, ${finished} finished, ${failed} failed${kept}`
  return `${counted}${rateLimited > 0 ? `, ${rateLimited} rate limited` : ''}${paused ? ', paused' : ''}`
}

function workerLines(document: InfoDocument, view: View, paint: Paint): string[] {
  const { workers, queues, totals } = document
  const lines = view.byQueue ? byQueue(document, paint) : workers.map((worker) => workerLine(worker, view, paint))
  return view.raw ? lines : [...lines, `${counted(totals.workers, 'worker')}, ${counted(queues.length, 'queue')}`]
}

function workerLine(worker: WorkerInfo, { raw }: View, paint: Paint): string {
  const { name, hostname, pid, state, queues, successfulJobCount, failedJobCount, currentJob } = worker
  const who = `${visibleName(name)} (${visibleName(hostname)} ${pid})`
  const what = queues.map(visibleName).join(', ')
  const now = currentJob === null ? '' : `, on ${visibleName(currentJob)}`
  const holds = holdsOf(worker)
  const counted = `jobs: ${successfulJobCount} finished, ${failedJobCount} failed`
  return raw
    ? `worker ${who} ${visibleName(state)} ${what}. ${counted}${holds && `, ${holds}`}`
    : `${paint.bold(who)}: ${stateColour(state, paint)} ${what}. ${counted}${now}${holds && `, ${paint.yellow(holds)}`}`
}

/** `paused: a, b, canClaim says no: c, canClaim failed: d`, or what there is of it. */
function holdsOf({ held, paused }: WorkerInfo): string {
  const queuesOf = (reason: string) => held.filter((one) => one.reason === reason).map(({ queue }) => queue)
  const said = [
    ['paused', paused],
    ['canClaim says no', queuesOf('no')],
    ['canClaim failed', queuesOf('failed')],
  ] as const
  return said
    .flatMap(([what, names]) => (names.length === 0 ? [] : `${what}: ${names.map(visibleName).join(', ')}`))
    .join(', ')
}

function byQueue({ queues, workers }: InfoDocument, paint: Paint): string[] {
  const width = Math.max(0, ...queues.map(({ name }) => stringWidth(visibleName(name)))) + 1
  return queues.map(({ name }) => {
    const here = workers.filter((worker) => worker.queues.includes(name))
    const stateOf = ({ held, paused, state }: WorkerInfo) => {
      if (paused.includes(name)) return 'paused'
      return held.some(({ queue }) => queue === name) ? 'held back' : state
    }
    const shown = here.map((worker) => `${visibleName(worker.name)} (${stateColour(stateOf(worker), paint)})`).sort()
    return `${padded(`${visibleName(name)}:`, width)} ${shown.length === 0 ? '–' : shown.join(', ')}`
  })
}

/** States of a worker that claims nothing. */
const NOT_CLAIMING = ['suspended', 'paused', 'held back']

function stateColour(state: string, paint: Paint): string {
  if (state === 'busy') return paint.green(state)
  return NOT_CLAIMING.includes(state) ? paint.yellow(state) : visibleName(state)
}
