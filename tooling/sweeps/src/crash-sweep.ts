import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisStorage } from '@rq/redis'
import {
  eventually,
  type Fault,
  type FaultProxy,
  faultProxy,
  findViolations,
  isRunning,
  overlaps,
  readRuns,
  spawnNode,
} from '@rq/testkit'
import type { HorseKind, Worker } from '@rq/worker'
import type { Redis } from 'ioredis'
import { limit, limitFaults, limitWithOldJobs } from './kept-jobs.ts'
import { type Deed, OtherProgram } from './other-program.ts'
import { endLeases, extraRuns, leasedJobs, missedCallbacks, type Place, unendedJobs } from './outcome.ts'
import { atPoint, type CommandPoint, hasReply, isCertain, pointsOf, type Sample } from './points.ts'
import { runWorker, type WorkerOrder } from './run-worker.ts'
import { enqueueScenario, type Scenario } from './scenario.ts'

/**
 * How the worker that is killed gets its jobs.
 * - `waiting`: they are enqueued before it starts, and it leaves when there are no more.
 * - `pushed`: it waits, and they wake it.
 * - `abandoned`: another worker died with them, and this one recovers them.
 */
type Arrival = 'waiting' | 'pushed' | 'abandoned'

/** Jobs, and the queues of the worker that runs them. */
export interface Life {
  readonly scenario: Scenario
  readonly queues: readonly string[]
}

export interface CrashSweepOptions {
  readonly lives: readonly Life[]
  readonly arrival: Arrival
  /** Default `inline`. */
  readonly horse?: HorseKind
  /** Whether each queue of the worker has a lane of its own. Default false. */
  readonly hasLanes?: boolean
  /** Also kill it at the commands of its maintenance, which do nothing for these jobs. Default false. */
  readonly inMaintenance?: boolean
  readonly url: string
  readonly client: Redis
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /** Damages the state that a dead worker left, to check that the sweep notices. */
  readonly sabotage?: (place: Place) => Promise<unknown>
  /** What another program does at the point, when the worker is cut off. */
  readonly deed?: Deed
  /** Whether the worker is not killed there, and ends the jobs itself. Default false. */
  readonly survives?: boolean
  /** How long the recovery may take. Default 60 s. */
  readonly recoveryMs?: number
  /** Take only these points. Default: every command of a life. */
  readonly sample?: Sample
}

/** The result of all deaths in one life. */
export interface CrashReport extends Life {
  /** The number of points at which a worker was killed. */
  points: number
  /** The number of those at which it held jobs, which another worker then finished. */
  recovered: number
  /** The number of those after which a job or callback ran once more than it should. */
  duplicated: number
  /** Jobs that never ended, with the point. */
  readonly lost: string[]
  /** Broken invariants, and extra runs that no death explains, with the point. */
  readonly faults: string[]
  /** Points that every worker must reach and these did not: the sweep itself is broken. */
  readonly missed: string[]
  /** The commands of an undisturbed worker. */
  readonly commands: readonly string[]
}

/** The worker is killed before its command reaches Redis, or when the command has run and its reply is on the way. */
const MOMENTS = ['before', 'after'] as const

/** A worker that will be killed, with its keys and files. */
interface Victim extends Place {
  /** With the ends that its jobs may have by now. */
  scenario: Scenario
  readonly queues: readonly string[]
  /** Undefined = it survives. */
  readonly at: DeathPoint | undefined
  readonly proxy: FaultProxy
  /** Whether its point was reached: from then on it is dead, unless it survives. */
  isStruck: boolean
  readonly other: OtherProgram | undefined
}

interface DeathPoint extends CommandPoint {
  readonly moment: (typeof MOMENTS)[number]
}

/** The most workers in one process that run their jobs inline. */
const MOST_WORKERS = 150
/** The most workers in one process that have horses of their own. */
const MOST_HORSES = 12
const INTRODUCTION: ReadonlySet<string> = new Set(['hello', 'auth', 'select', 'client', 'info'])
const MAINTENANCE: ReadonlySet<string> = new Set([
  ...[
    'maintenance_turn',
    'drop_expired',
    'drain_ready',
    'find_orphans',
    'drop_orphans',
    'drop_dead_slots',
    'tidy_group',
  ],
  ...['zcard', 'sscan'],
])
const RECOVERY_MS = 60_000
const LOOK_MS = 100
/** How long commands may follow after the end of the last job. */
const AFTERMATH_MS = 50

/**
 * Kill a worker at every one of its commands, once before and once after the command, and let another worker finish its
 * jobs; for each of the lives. The workers of many points share a process, since starting processes takes most of the
 * time. Each is cut off from Redis at its point. When the last one is, the process is killed; process horses end by
 * themselves.
 */
export async function crashSweep(options: CrashSweepOptions): Promise<CrashReport[]> {
  const reports = await Promise.all(
    options.lives.map(async (life): Promise<CrashReport> => {
      const commands = await commandsOfALife(options, life)
      return { ...life, points: 0, recovered: 0, duplicated: 0, lost: [], faults: [], missed: [], commands }
    }),
  )
  const deaths = reports.flatMap((report) => {
    const all = pointsOf(report.commands)
    return MOMENTS.flatMap((moment) => {
      const points = moment === 'after' ? all.filter(hasReply) : all
      const chosen = options.sample?.of(points, moment) ?? points
      return chosen.map((point) => ({ report, at: { ...point, moment } }))
    })
  })
  const most = options.horse === 'process' ? MOST_HORSES : MOST_WORKERS
  for (const batch of evenChunks(deaths, most)) await killAndRecover(options, batch)
  return reports
}

async function commandsOfALife(options: CrashSweepOptions, life: Life): Promise<readonly string[]> {
  const { client } = options
  const { scenario } = life
  const victim = await newVictim(options, life)
  await using proxy = victim.proxy
  await prepare(options, victim)
  let worker: Worker | undefined
  const left = runWorker(orderOf(options, victim), (one) => {
    worker = one
  })
  await push(options, victim)
  await eventually(async () => expectNone(await unendedJobs(client, victim, scenario)))
  // Maintenance may take longer than the jobs.
  const last = scenario.limits === undefined ? 'find_orphans' : 'delete_oldest'
  if (options.inMaintenance === true) await eventually(() => proxy.commands.includes(last))
  await delay(AFTERMATH_MS)
  const commands = [...proxy.commands]
  const isBurst = leavesByItself(options, victim)
  if (!isBurst) await worker?.stop()
  await left
  if (isBurst) commands.splice(0, commands.length, ...proxy.commands)
  await forget(client, victim.prefix)
  return commands
}

interface Death {
  readonly report: CrashReport
  readonly at: DeathPoint
}

async function killAndRecover(options: CrashSweepOptions, deaths: readonly Death[]): Promise<void> {
  const { client, horse } = options
  const victims = await Promise.all(deaths.map(({ at, report }) => newVictim(options, report, at)))
  try {
    await Promise.all(victims.map((victim) => prepare(options, victim)))
    const horses = await runUntilKilled(options, victims)
    if (horse === 'process') await eventually(() => expectNone(horses.filter(isRunning).map(String)))
    await Promise.all(victims.map((victim, index) => recover(options, victim, deaths[index])))
  } finally {
    for (const { proxy, prefix } of victims) {
      await proxy[Symbol.asyncDispose]()
      await forget(client, prefix)
    }
  }
}

async function recover(options: CrashSweepOptions, victim: Victim, death: Death | undefined): Promise<void> {
  if (death === undefined) return
  const { client, deed, sabotage } = options
  const { at, report } = death
  if (victim.isStruck) await sabotage?.(victim)
  const where = `${at.moment} ${at.name} ${at.nth}${victim.isStruck ? '' : ' (not reached)'}`
  if (!victim.isStruck && isCertain(at)) report.missed.push(where)
  // A status that a Python program has saved does not name the place of its job.
  for (const violation of deed?.kind === 'save' ? [] : await findViolations(client, victim.prefix)) {
    report.faults.push(`${where}: ${violation} when the worker was dead`)
  }
  for (const fault of await keptWrongly(options, victim)) report.faults.push(`${where}: ${fault}, after the death`)
  const leased = await leasedJobs(client, victim, victim.queues, victim.scenario)
  await endLeases(client, victim, victim.queues)
  await rescue(options, victim)
  await judge(options, victim, { leased, where, report })
}

/** Returns the pids of the work horses that were started. */
async function runUntilKilled(options: CrashSweepOptions, victims: readonly Victim[]): Promise<number[]> {
  const orders = victims.map((victim) => orderOf(options, victim))
  await using workers = spawnNode(new URL('../dist/victim.js', import.meta.url), [JSON.stringify(orders)])
  await Promise.all(victims.map((victim) => push(options, victim)))
  const isOver = async (victim: Victim, index: number): Promise<boolean> => {
    if (victim.isStruck && options.survives !== true) return true
    if (leavesByItself(options, victim)) return workers.stdout.includes(`done ${index}\n`)
    const undone = await unendedJobs(options.client, victim, victim.scenario)
    return undone.length === 0 && (await keptWrongly(options, victim, true)).length === 0
  }
  const allOver = async () => {
    const over = await Promise.all(victims.map(isOver))
    expectNone(
      victims.flatMap(({ at }, index) => (over[index] === true ? [] : [`${at?.moment} ${at?.name} ${at?.nth}`])),
    )
  }
  await eventually(allOver, { intervalMs: LOOK_MS, show: () => workers.stderr })
  try {
    process.kill(-workers.pid, 'SIGKILL')
  } catch (error) {
    throw new Error(`The process of the workers ended by itself: ${workers.stderr.slice(-4000)}`, { cause: error })
  }
  await workers.exited
  for (const { proxy } of victims) proxy.reset()
  return [...workers.stdout.matchAll(/^horse (\d+)$/gm)].map(([, pid]) => Number(pid))
}

/** Let an undisturbed worker finish the jobs. */
async function rescue(options: CrashSweepOptions, victim: Victim): Promise<void> {
  const { client, recoveryMs = RECOVERY_MS, url } = options
  let rescuer: Worker | undefined
  const left = runWorker({ ...orderOf(options, victim), url, burst: false, horse: 'inline' }, (worker) => {
    rescuer = worker
  })
  const isOver = async () => (await unendedJobs(client, victim, victim.scenario)).length === 0
  // Jobs that never end are lost, and reported.
  await eventually(isOver, { timeoutMs: recoveryMs, intervalMs: LOOK_MS }).catch(() => {})
  await rescuer?.stop()
  await left
}

interface Judged {
  /** Jobs that the worker held when it died. */
  readonly leased: ReadonlySet<string>
  readonly where: string
  readonly report: CrashReport
}

async function judge(options: CrashSweepOptions, victim: Victim, { leased, where, report }: Judged): Promise<void> {
  const { client, deed, url } = options
  const { scenario } = victim
  if (scenario.limits !== undefined) {
    await using storage = new RedisStorage({ connection: url, prefix: victim.prefix })
    await storage.workers.cleanUp(victim.queues)
  }
  for (const fault of await keptWrongly(options, victim, true)) report.faults.push(`${where}: ${fault}, at the end`)
  for (const lost of await unendedJobs(client, victim, scenario)) report.lost.push(`${where}: ${lost}`)
  for (const violation of await findViolations(client, victim.prefix)) {
    report.faults.push(`${where}: ${violation} after the recovery`)
  }
  const runs = await readRuns(victim.file)
  const extras = extraRuns(runs, scenario.jobs)
  for (const { job, name, extra } of extras) {
    if (!leased.has(job) || extra > 1) report.faults.push(`${where}: ${name} ran ${extra} times too often`)
  }
  // A job that another program has canceled, deleted or replaced may have ended before its callback.
  if (deed === undefined) for (const name of missedCallbacks(runs, scenario.jobs)) report.lost.push(`${where}: ${name}`)
  for (const [earlier, later] of overlaps(runs.map((run) => ({ ...run, jobId: turnOf(run.jobId, scenario) })))) {
    report.faults.push(`${where}: a run began ${later.beganMs - earlier.beganMs} ms after another one, beside it`)
  }
  if (!victim.isStruck) return
  report.points += 1
  if (leased.size > 0) report.recovered += 1
  if (extras.length > 0) report.duplicated += 1
}

/** Runs of one job, or of one rate limit that lets one job run at a time, must not overlap. */
function turnOf(jobId: string, { jobs }: Scenario): string {
  const limit = jobs.find(({ id }) => id === jobId)?.options?.rateLimit
  return limit?.concurrency === 1 ? `limit ${limit.key}` : jobId
}

async function newVictim(options: CrashSweepOptions, { queues, scenario }: Life, at?: DeathPoint): Promise<Victim> {
  const { client, deed, survives = false, url } = options
  const id = randomUUID()
  const place: Place = { prefix: `${id}:`, file: join(options.importPath, `runs-${id}`) }
  const proxy = await faultProxy(url, countsOf(options))
  const other = deed && at && new OtherProgram(deed, { client, url, place, scenario, queues })
  const victim: Victim = { scenario, queues, ...place, at, proxy, isStruck: false, other }
  const strike = async () => {
    if (!survives) proxy.freeze()
    if (other !== undefined) victim.scenario = await other.act()
    victim.isStruck = true
  }
  if (at === undefined) return victim
  const onPoint = atPoint(at, (): Fault => ({ kind: at.moment, hook: strike }))
  const watch = other?.watch
  let isPast = false
  proxy.onCommand = (command) => {
    const found = onPoint(command)
    isPast ||= found !== undefined
    return found ?? (watch && !isPast ? { kind: 'before', hook: watch } : undefined)
  }
  return victim
}

function orderOf(options: CrashSweepOptions, victim: Victim): WorkerOrder {
  const { hasLanes = false, horse = 'inline', importPath } = options
  const { prefix, proxy, queues, scenario } = victim
  const { isScheduled = false, leaseMs, pauses = false } = scenario
  const burst = leavesByItself(options, victim)
  const order = { url: proxy.url, prefix, queues, hasLanes, burst, horse, importPath, isScheduled, pauses }
  return leaseMs === undefined ? order : { ...order, leaseMs }
}

function countsOf({ inMaintenance = false }: CrashSweepOptions) {
  return { counts: (name: string) => !INTRODUCTION.has(name) && (inMaintenance || !MAINTENANCE.has(name)) }
}

/** Whether the worker would leave by itself if it were not killed. */
function leavesByItself({ arrival, survives = false }: CrashSweepOptions, { scenario }: Life): boolean {
  return arrival === 'waiting' && !survives && scenario.isScheduled !== true
}

/** A queue with limits keeps what {@link limitFaults} says. */
async function keptWrongly(options: CrashSweepOptions, victim: Victim, isTidy = false): Promise<string[]> {
  const limited = limitedQueue(victim)
  const facts = { hasOldJobs: options.inMaintenance === true, isTidy }
  return limited === undefined ? [] : limitFaults(options.client, limited, victim.scenario, facts)
}

function limitedQueue({ prefix, queues: [queue], scenario: { limits } }: Victim) {
  return queue === undefined || limits === undefined ? undefined : { prefix, queue, limits }
}

/** Enqueue the jobs that exist before the worker starts. */
async function prepare(
  { arrival, client, inMaintenance = false, url }: CrashSweepOptions,
  victim: Victim,
): Promise<void> {
  const { queues, scenario } = victim
  await using storage = new RedisStorage({ connection: url, prefix: victim.prefix })
  const limited = limitedQueue(victim)
  if (limited !== undefined) await (inMaintenance ? limitWithOldJobs : limit)(storage, limited)
  if (arrival === 'pushed') return
  await enqueueScenario(scenario, storage, queues, victim.file)
  await victim.other?.begin()
  if (arrival === 'waiting') return
  await storage.workers.claim({ queues, want: 100, workerName: 'dead', leaseMs: 60_000 })
  await endLeases(client, victim, queues)
}

/** Enqueue the jobs that arrive while the worker waits for work. */
async function push({ arrival, hasLanes = false, url }: CrashSweepOptions, victim: Victim): Promise<void> {
  if (arrival !== 'pushed') return
  const { proxy, queues, scenario } = victim
  const count = (wanted: string) => proxy.commands.filter((name) => name === wanted).length
  // Lanes wait together, for a change of what they have read.
  const waits = () => (hasLanes ? count('exists') > 0 : count('blmove') >= queues.length)
  await eventually(() => victim.isStruck || waits())
  await using storage = new RedisStorage({ connection: url, prefix: victim.prefix })
  await enqueueScenario(scenario, storage, queues, victim.file)
  await victim.other?.begin()
}

async function forget(client: Redis, prefix: string): Promise<void> {
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
}

/** Fails with the list, so that `eventually` shows it. */
function expectNone(list: readonly string[]): void {
  if (list.length > 0) throw new Error(`still there: ${list.join(', ')}`)
}

/** Split a list into chunks of about the same size, at most `most` each. */
function evenChunks<T>(list: readonly T[], most: number): T[][] {
  const count = Math.ceil(list.length / most)
  const size = Math.ceil(list.length / count)
  return Array.from({ length: count }, (_, n) => list.slice(size * n, size * (n + 1)))
}
