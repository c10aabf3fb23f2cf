import { resolve } from 'node:path'
import type { Schedule, ScheduleInfo, ScheduleTimes } from 'rq'
import { DEFAULT_QUEUE_NAME, ENQUEUE_OPTIONS } from 'rq/options'
import { readArguments } from '../arguments/arguments.ts'
import { readMeta } from '../arguments/meta.ts'
import { namingOptions, wholeNumber } from '../arguments/option-value.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { confirm, YES_FLAG } from '../confirmation.ts'
import { defined } from '../defined.ts'
import { UsageError } from '../exit-code.ts'
import { flagNames, flagsOf, optionsFrom, text } from '../flags.ts'
import { functionName } from '../function-name.ts'
import { counted } from '../output/counted.ts'
import { table } from '../output/table.ts'
import { visible } from '../output/terminal-text.ts'
import { fromNow, shortDuration } from '../output/time-text.ts'
import { scheduleDocument } from '../schedule-document.ts'
import { Session } from '../session.ts'
import { JSON_FLAG } from '../shared-options.ts'
import { signOption } from '../signing.ts'
import { unknownFunctions } from '../unknown-functions.ts'

const ACTIONS = ['add', 'sync', 'remove', 'pause', 'resume', 'run', 'next', 'explain'] as const
type Action = (typeof ACTIONS)[number]

/** The options of the jobs of a schedule. Each job has an id of its own, and waits for no other. */
const { dependsOn: _dependsOn, jobId: _id, unique: _unique, ...JOB_OPTIONS } = ENQUEUE_OPTIONS

const TIMES_FLAGS = {
  cron: text({ valueName: 'text', describe: "Cron expression, such as '30 9 * * MON-FRI'" }),
  every: text({ valueName: 'time', describe: 'Instead of --cron: the time between two jobs' }),
  timezone: text({ valueName: 'zone', describe: 'Time zone of --cron', defaultDescription: 'UTC' }),
  from: text({ valueName: 'date', describe: 'No job before this local time' }),
  until: text({ valueName: 'date', describe: 'No job after this local time' }),
  times: text({ valueName: 'n', describe: 'How many jobs in all', defaultDescription: 'no limit' }),
  spread: text({ valueName: 'time', describe: 'Make all times later by a part of this, by name' }),
  'catch-up': text({
    valueName: 'which',
    choices: ['skip', 'once', 'all'],
    describe: 'Times at which no scheduler ran',
    defaultDescription: 'skip',
  }),
  overlap: text({
    valueName: 'what',
    choices: ['allow', 'skip'],
    describe: 'A job while the last one has not ended',
    defaultDescription: 'allow',
  }),
} as const

/** The names of flags for the options that rq may refuse. */
const TYPED: Readonly<Record<string, string>> = {
  ...flagNames(JOB_OPTIONS),
  ...Object.fromEntries(Object.keys(TIMES_FLAGS).map((name) => [name === 'catch-up' ? 'catchUp' : name, `--${name}`])),
  name: 'name',
  queue: '--queue',
  owner: '--owner',
  after: '--after',
}

export const schedules = defineCommand({
  name: 'schedules',
  summary: 'List and change schedules',
  quietLetter: null,
  examples: [
    ['schedules', 'The first 200 schedules, by name'],
    ['schedules --queue mail --after nightly', 'Those of a queue, from a name on'],
    [
      `schedules add nightly ./jobs#report :'"all"' --cron '0 3 * * *' --timezone Europe/Berlin`,
      'Every night at three',
    ],
    ['schedules add poll ./jobs#poll --every 30s --queue low --overlap skip', 'Every 30 seconds'],
    ['schedules pause nightly', 'Enqueue nothing; resume goes on'],
    ['schedules run nightly', 'Enqueue one job now'],
    ['schedules next nightly --count 5', 'Its next times'],
    ['schedules explain nightly', 'What becomes of it, and why'],
    ['schedules sync cron.config.js --owner web', 'What the module registers, as schedules; others of web go'],
  ],
  positionals: {
    action: { type: 'string', choices: ACTIONS, describe: 'What to do', defaultDescription: 'list them' },
    name: { type: 'string', describe: 'Name of the schedule; sync: the module' },
    function: { type: 'string', describe: 'add: as for enqueue' },
    args: { type: 'string', array: true, describe: 'add: as for enqueue', defaultDescription: 'none' },
  },
  flags: {
    ...TIMES_FLAGS,
    queue: text({
      alias: 'q',
      valueName: 'name',
      defaultDescription: `all; for add ${DEFAULT_QUEUE_NAME}`,
      describe: 'Queue of its jobs; list: this one only',
    }),
    owner: text({
      valueName: 'name',
      describe: 'list: those of this owner; sync: who keeps them',
      defaultDescription: 'all',
    }),
    after: text({ valueName: 'name', describe: 'list: those after this name', defaultDescription: 'from the first' }),
    limit: text({ valueName: 'n', default: '200', defaultDescription: '200', describe: 'list: how many at most' }),
    ...flagsOf(JOB_OPTIONS),
    count: text({ valueName: 'n', default: '1', defaultDescription: '1', describe: 'next: how many times' }),
    yes: YES_FLAG,
    json: JSON_FLAG,
  },
  async run({ action, name, json, ...flags }, context) {
    await using session = await Session.open(context)
    if (action === undefined) return await list(session, { ...flags, json: json === true }, context)
    if (name === undefined)
      throw new UsageError(`schedules ${action} needs the name of a ${action === 'sync' ? 'module' : 'schedule'}.`)
    if (action === 'add') return await add(name, flags, session, context)
    if (action === 'sync') return await sync(name, flags.owner, session, context)
    const schedule = await session.rq.Schedule.fetch(name, session.reading)
    await ACTS[action](schedule, { count: flags.count, yes: flags.yes, json: json === true }, context)
    return undefined
  },
})

type AddFlags = Readonly<Record<string, unknown>> & {
  readonly function?: string | undefined
  readonly args?: readonly string[] | undefined
  readonly queue: string | undefined
}

async function add(name: string, flags: AddFlags, session: Session, context: CommandContext): Promise<undefined> {
  const { settings, host, output } = context
  if (flags.function === undefined) throw new UsageError('schedules add needs a name and a function.')
  await refuseKeys(session, context)
  const { args, kwargs } = await readArguments(flags.args ?? [], host.folder)
  const func = await functionName(flags.function, settings.importPaths)
  const meta = flags.meta === undefined ? undefined : await readMeta(flags.meta as string[], host.folder)
  const { catchUp, cron, every, from, overlap, spread, timezone, until } = flags
  const times = flags.times === undefined ? undefined : wholeNumber(String(flags.times), '--times', 1)
  const schedule = await namingOptions(TYPED, () =>
    session.rq.Schedule.upsert(
      name,
      defined({ cron, every, timezone, from, until, times, spread, catchUp, overlap }) as ScheduleTimes,
      func,
      args as [],
      {
        ...session.reading,
        ...optionsFrom(JOB_OPTIONS, flags),
        ...defined({ meta }),
        kwargs,
        queue: flags.queue ?? DEFAULT_QUEUE_NAME,
      },
    ),
  )
  const { nextAt } = schedule
  const next = nextAt === null ? 'It has no further time.' : `Next: ${nextAt.toISOString()}.`
  output.print(`Schedule ${output.paint.blue(visible(name))} enqueues ${visible(func)}. ${next}`)
  return undefined
}

async function sync(
  file: string,
  owner: string | undefined,
  session: Session,
  context: CommandContext,
): Promise<undefined> {
  const { host, output, settings } = context
  if (owner === undefined)
    throw new UsageError('schedules sync needs --owner: the name of the program that keeps them.')
  const { limits, serializer } = session.reading
  await refuseKeys(session, context)
  const { importPaths } = settings
  const { kept, removed, written } = await namingOptions({ owner: '--owner' }, () =>
    session.rq.Schedule.syncConfig(resolve(host.folder, file), {
      ...{ ...session.where, owner, importPaths },
      ...defined({ limits, serializer }),
    }),
  )
  const lines = [
    ...written.map((name) => `Written: ${visible(name)}`),
    ...removed.map((name) => `Removed: ${visible(name)}`),
  ]
  if (lines.length > 0) output.print(lines.join('\n'))
  output.say(`${counted(written.length + kept.length, 'schedule')} of ${visible(owner)}, ${kept.length} as before`)
  return undefined
}

/** Jobs that should be encoded or signed by the configuration, but would not be. @throws UsageError. */
async function refuseKeys({ reading }: Session, { settings }: CommandContext): Promise<void> {
  const { sign } = await signOption(settings)
  const keys = sign === undefined ? reading.codec && 'codec' : 'sign'
  if (keys === undefined) return
  const why = 'workers enqueue the jobs of schedules, and have no keys. Use rq-cli cron with a module.'
  throw new UsageError(`${keys} is set: ${why}`)
}

interface ActFlags {
  readonly count: string
  readonly yes: boolean | undefined
  readonly json: boolean
}

type Act = (schedule: Schedule, flags: ActFlags, context: CommandContext) => Promise<void>

const ACTS: Readonly<Record<Exclude<Action, 'add' | 'sync'>, Act>> = {
  async remove(schedule, { yes }, context) {
    await confirm(`Remove the schedule ${visible(schedule.name)}?`, yes, context)
    await schedule.remove()
    context.output.print(`Schedule ${visible(schedule.name)} removed.`)
  },
  async pause(schedule, _, { output }) {
    const isNew = await schedule.pause()
    output.print(`Schedule ${visible(schedule.name)} ${isNew ? 'is paused now' : 'was paused already'}.`)
  },
  async resume(schedule, _, { output }) {
    const wasPaused = await schedule.resume()
    output.print(`Schedule ${visible(schedule.name)} ${wasPaused ? 'goes on' : 'was not paused'}.`)
  },
  async run(schedule, _, { output }) {
    const job = await schedule.runNow()
    output.print(`Enqueued job '${job.id}' into ${visible(schedule.queueName)}.`)
  },
  async next(schedule, { count, json }, { output }) {
    const dates = schedule.next(wholeNumber(count, '--count', 1)).map((date) => date.toISOString())
    if (json) output.json(dates)
    else if (dates.length > 0) output.print(dates.join('\n'))
    else output.say(schedule.isPaused ? 'It is paused.' : 'It has no further time.')
  },
  async explain(schedule, { json }, { output }) {
    const explanation = await schedule.explain()
    if (json) output.json(explanation)
    else output.print(visible(explanation.text))
  },
}

/** Of so many schedules, a list says why the last job failed. */
const MOST_LOOKED_AT = 200

interface ListFlags {
  readonly queue: string | undefined
  readonly owner: string | undefined
  readonly after: string | undefined
  readonly limit: string
  readonly json: boolean
}

async function list(session: Session, flags: ListFlags, { output }: CommandContext): Promise<undefined> {
  const { after, json, limit: typed, owner, queue } = flags
  const limit = wholeNumber(typed, '--limit', 1)
  const shown: ScheduleInfo[] = []
  let isCut = false
  const filter = { ...session.where, ...defined({ after, owner, queue }), limit: limit + 1 }
  for await (const schedule of await namingOptions(TYPED, async () => session.rq.Schedule.list(filter))) {
    isCut = shown.length === limit
    if (!isCut) shown.push(schedule)
  }
  if (json) {
    output.json(shown.map(scheduleDocument))
    return undefined
  }
  const columns = output.isTerminal ? output.columns : Number.POSITIVE_INFINITY
  const unknown = await unknownFunctions(session, shown.slice(0, MOST_LOOKED_AT))
  const cells = shown.map((schedule) => row(schedule, unknown.has(schedule.name)))
  const [head = '', ...rows] = table(...fitting(cells, columns), columns, { narrowestFirst: NARROWEST_NAME })
  if (rows.length > 0) output.print([output.paint.bold(head), ...rows].join('\n'))
  const rest = isCut ? `; for more: --after ${visible(shown.at(-1)?.name ?? '')}` : ''
  output.say(`${counted(shown.length, 'schedule')}${rest}`)
  return undefined
}

const HEADER = ['NAME', 'TIMES', 'NEXT', 'LAST', 'LAST JOB', 'JOBS', 'QUEUE', 'FUNCTION']
/** A terminal with fewer columns has no room for all: these are left out, so that the function can be read. */
const ENOUGH_COLUMNS = 100
const LEFT_OUT = ['LAST', 'JOBS']
const NARROWEST_NAME = 16

function fitting(rows: readonly string[][], columns: number): [header: string[], rows: string[][]] {
  if (columns >= ENOUGH_COLUMNS) return [HEADER, rows.slice()]
  const isKept = (_: string, column: number) => !LEFT_OUT.includes(HEADER[column] ?? '')
  return [HEADER.filter(isKept), rows.map((row) => row.filter(isKept))]
}

function row(schedule: ScheduleInfo, isUnknown: boolean): string[] {
  const { count, cron, every, funcName, isPaused, lastJob, latestAt, name, nextAt, queueName, times, timezone } =
    schedule
  const rule =
    every === null ? `${cron}${timezone === null ? '' : ` ${timezone}`}` : `every ${shortDuration(every * 1000)}`
  const nowMs = Date.now()
  const next = isPaused ? 'paused' : nextAt === null ? 'over' : nextText(nextAt, nowMs)
  const last = latestAt === null ? '-' : fromNow(latestAt, nowMs)
  const status = isUnknown ? 'unknown function' : lastJob === null ? '-' : (lastJob.status ?? 'gone')
  return [name, rule, next, last, status, times === null ? String(count) : `${count}/${times}`, queueName, funcName]
}

/** `in 5 min`; `due 5 min ago` for one that no scheduler has looked at. */
function nextText(nextAt: Date, nowMs: number): string {
  const text = fromNow(nextAt, nowMs)
  return nextAt.getTime() > nowMs ? text : `due ${text}`
}
