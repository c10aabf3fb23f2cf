import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RedisStorage } from '@rq/redis'
import {
  eventually,
  type FaultProxy,
  faultProxy,
  findViolations,
  isRunning,
  readRuns,
  type SpawnedProcess,
  spawnNode,
} from '@rq/testkit'
import type { HorseKind, Worker } from '@rq/worker'
import type { Redis } from 'ioredis'
import { endLeases, extraRuns, leasedJobs, type Place, unendedJobs } from './outcome.ts'
import { runWorker, type WorkerOrder } from './run-worker.ts'
import { enqueueScenario, type Scenario } from './scenario.ts'

/**
 * How the jobs come to the worker that is killed.
 * - `waiting`: they are there before it is, and it leaves when there are no more.
 * - `pushed`: it is there first, and is woken by them.
 * - `abandoned`: another one died with them, and it recovers them.
 */
type Arrival = 'waiting' | 'pushed' | 'abandoned'

/** Jobs, and the queues of the worker that does them. */
export interface Life {
  readonly scenario: Scenario
  readonly queues: readonly string[]
}

export interface CrashSweepOptions {
  readonly lives: readonly Life[]
  readonly arrival: Arrival
  /** Default `inline`. */
  readonly horse?: HorseKind
  /** Kill it at the commands of its maintenance too, which have no part in the life of these jobs. Default false. */
  readonly inMaintenance?: boolean
  readonly url: string
  readonly client: Redis
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /** Done to what a dead worker left, to see that it is noticed. */
  readonly sabotage?: (place: Place) => Promise<unknown>
  /** How long the recovery may take. Default 40 s. */
  readonly recoveryMs?: number
}

/** What came of all the deaths in one life. */
export interface CrashReport extends Life {
  /** Points at which a worker was killed. */
  points: number
  /** Those at which it had jobs in its hands, which another worker then brought to their end. */
  recovered: number
  /** Those after which something ran once more than it should. */
  duplicated: number
  /** Jobs that did not come to their end, with the point. */
  readonly lost: string[]
  /** Broken invariants, and runs too many that no death explains, with the point. */
  readonly faults: string[]
  /** The commands of an undisturbed worker. */
  readonly commands: readonly string[]
}

/** The worker is killed before its n-th command reaches Redis, or when it has run and its reply is on the way. */
const MOMENTS = ['before', 'after'] as const

interface Point extends Place, Life {
  readonly n: number
  readonly moment: (typeof MOMENTS)[number]
  readonly proxy: FaultProxy
  /** The name of the command, once it was reached: from then on its worker is dead. */
  reached: string | undefined
}

const MOST_COMMANDS = 60
/** Workers in one process that run their jobs inline. */
const MOST_WORKERS = 150
/** A scheduler looks and leads by the clock, so that its life has more commands where it takes longer. */
const MORE_WHEN_SCHEDULED = 12
/** Workers with horses of their own in one process. */
const MOST_HORSES = 12
const INTRODUCTION: ReadonlySet<string> = new Set(['hello', 'auth', 'select', 'client', 'info'])
const MAINTENANCE: ReadonlySet<string> = new Set([
  ...['drop_expired', 'drain_ready', 'cleanup_registry', 'cleanup_rate_limit', 'group_jobs', 'zcard', 'smembers'],
])
const LIFE_MS = 60_000
const RECOVERY_MS = 40_000
const ORPHAN_MS = 6_000
const LOOK_MS = 100
/** Commands that follow the end of the last job by themselves. */
const AFTERMATH_MS = 50

/**
 * Kill a worker at every one of its commands, once before and once after it, and let another one finish what it left, for
 * each of the lives. The workers of many points live in one process: to start one is what takes the time. Each is cut off
 * from Redis at its point, and when the last one is, the process is killed; work horses that are processes notice by
 * themselves.
 */
export async function crashSweep(options: CrashSweepOptions): Promise<CrashReport[]> {
  const reports = await Promise.all(
    options.lives.map(async (life): Promise<CrashReport> => {
      const commands = await commandsOfALife(options, life)
      return { ...life, points: 0, recovered: 0, duplicated: 0, lost: [], faults: [], commands }
    }),
  )
  const points = reports.flatMap((report) => {
    const count = report.commands.length + (report.scenario.isScheduled === true ? MORE_WHEN_SCHEDULED : 0)
    const numbers = Array.from({ length: count }, (_, index) => index + 1)
    return MOMENTS.flatMap((moment) => numbers.map((n) => ({ report, moment, n })))
  })
  const most = options.horse === 'process' ? MOST_HORSES : MOST_WORKERS
  for (const batch of evenChunks(points, most)) await killAndRecover(options, batch)
  return reports
}

async function commandsOfALife(options: CrashSweepOptions, life: Life): Promise<readonly string[]> {
  const { client } = options
  const { scenario } = life
  await using proxy = await faultProxy(options.url, countsOf(options))
  const point: Point = { ...life, ...newPlace(options), n: 0, moment: 'before', proxy, reached: undefined }
  await prepare(options, point)
  let worker: Worker | undefined
  const left = runWorker(orderOf(options, point), (one) => {
    worker = one
  })
  await push(options, point)
  await eventually(async () => (await unendedJobs(client, point, scenario)).length === 0, { timeoutMs: LIFE_MS })
  await delay(AFTERMATH_MS)
  const commands = [...proxy.commands]
  const isBurst = leavesByItself(options, point)
  if (!isBurst) await worker?.stop()
  await left
  if (isBurst) commands.splice(0, commands.length, ...proxy.commands)
  await forget(client, point.prefix)
  if (commands.length > MOST_COMMANDS) throw new Error(`${commands.length} commands: ${commands}`)
  return commands
}

interface Death {
  readonly report: CrashReport
  readonly moment: Point['moment']
  readonly n: number
}

async function killAndRecover(options: CrashSweepOptions, deaths: readonly Death[]): Promise<void> {
  const { client, horse } = options
  const points = await Promise.all(deaths.map((death) => newPoint(options, death)))
  try {
    await Promise.all(points.map((point) => prepare(options, point)))
    const horses = await runUntilKilled(options, points)
    if (horse === 'process') await eventually(() => !horses.some(isRunning), { timeoutMs: ORPHAN_MS })
    await Promise.all(points.map((point, index) => recover(options, point, deaths[index]?.report)))
  } finally {
    for (const { proxy, prefix } of points) {
      await proxy[Symbol.asyncDispose]()
      await forget(client, prefix)
    }
  }
}

async function recover(options: CrashSweepOptions, point: Point, report: CrashReport | undefined): Promise<void> {
  if (report === undefined) return
  const { client, sabotage } = options
  if (point.reached !== undefined) await sabotage?.(point)
  const where = `${point.moment} command ${point.n} (${point.reached ?? 'not reached'})`
  for (const violation of await findViolations(client, point.prefix)) {
    report.faults.push(`${where}: ${violation} when the worker was dead`)
  }
  const leased = await leasedJobs(client, point, point.scenario)
  await endLeases(client, point, point.queues)
  await rescue(options, point)
  await judge(options, point, { leased, where, report })
}

/** Returns the pids of work horses that had been started. */
async function runUntilKilled(options: CrashSweepOptions, points: readonly Point[]): Promise<number[]> {
  const orders = points.map((point) => orderOf(options, point))
  await using victim = spawnNode(new URL('../dist/victim.js', import.meta.url), [JSON.stringify(orders)])
  await Promise.all(points.map((point) => push(options, point)))
  const isOver = async (point: Point, index: number): Promise<boolean> => {
    if (point.reached !== undefined) return true
    if (leavesByItself(options, point)) return victim.stdout.includes(`done ${index}\n`)
    return (await unendedJobs(options.client, point, point.scenario)).length === 0
  }
  const allOver = async () => {
    const over = await Promise.all(points.map(isOver))
    const alive = points.filter((_, index) => over[index] !== true)
    if (alive.length > 0) throw new Error(`${alive.map(({ n, moment }) => `${moment} ${n}`)} alive\n${victim.stderr}`)
  }
  await eventually(allOver, { timeoutMs: LIFE_MS, intervalMs: LOOK_MS })
  kill(victim)
  await victim.exited
  for (const { proxy } of points) proxy.reset()
  return [...victim.stdout.matchAll(/^horse (\d+)$/gm)].map(([, pid]) => Number(pid))
}

/** Let a worker that nothing happens to bring the jobs to their end. */
async function rescue(options: CrashSweepOptions, point: Point): Promise<void> {
  const { client, recoveryMs = RECOVERY_MS, url } = options
  let rescuer: Worker | undefined
  const left = runWorker({ ...orderOf(options, point), url, burst: false, horse: 'inline' }, (worker) => {
    rescuer = worker
  })
  const isOver = async () => (await unendedJobs(client, point, point.scenario)).length === 0
  await eventually(isOver, { timeoutMs: recoveryMs, intervalMs: LOOK_MS }).catch(() => {})
  await rescuer?.stop()
  await left
}

interface Judged {
  /** Jobs that were in the hands of the worker when it died. */
  readonly leased: ReadonlySet<string>
  readonly where: string
  readonly report: CrashReport
}

async function judge({ client }: CrashSweepOptions, point: Point, { leased, where, report }: Judged): Promise<void> {
  const { scenario } = point
  for (const lost of await unendedJobs(client, point, scenario)) report.lost.push(`${where}: ${lost}`)
  for (const violation of await findViolations(client, point.prefix)) {
    report.faults.push(`${where}: ${violation} after the recovery`)
  }
  const extras = extraRuns(await readRuns(point.file), scenario.jobs)
  for (const { job, name, extra } of extras) {
    if (!leased.has(job) || extra > 1) report.faults.push(`${where}: ${name} ran ${extra} times too often`)
  }
  if (point.reached === undefined) return
  report.points += 1
  if (leased.size > 0) report.recovered += 1
  if (extras.length > 0) report.duplicated += 1
}

async function newPoint(options: CrashSweepOptions, { moment, n, report }: Death): Promise<Point> {
  const { queues, scenario } = report
  const proxy = await faultProxy(options.url, countsOf(options))
  const point: Point = { scenario, queues, ...newPlace(options), n, moment, proxy, reached: undefined }
  proxy.onCommand = (command) => {
    if (command.n !== n) return undefined
    const hook = () => {
      proxy.freeze()
      point.reached = command.name
    }
    return { kind: moment, hook }
  }
  return point
}

function newPlace({ importPath }: CrashSweepOptions): Place {
  const id = randomUUID()
  return { prefix: `${id}:`, file: join(importPath, `runs-${id}`) }
}

function orderOf(options: CrashSweepOptions, point: Point): WorkerOrder {
  const { horse = 'inline', importPath } = options
  const { prefix, proxy, queues, scenario } = point
  const { isScheduled = false, leaseMs } = scenario
  const order = {
    url: proxy.url,
    prefix,
    queues,
    burst: leavesByItself(options, point),
    horse,
    importPath,
    isScheduled,
  }
  return leaseMs === undefined ? order : { ...order, leaseMs }
}

function countsOf({ inMaintenance = false }: CrashSweepOptions) {
  return { counts: (name: string) => !INTRODUCTION.has(name) && (inMaintenance || !MAINTENANCE.has(name)) }
}

/** Whether the worker that is killed would leave by itself. */
function leavesByItself({ arrival }: CrashSweepOptions, { scenario }: Life): boolean {
  return arrival === 'waiting' && scenario.isScheduled !== true
}

/** What is there before the worker is. */
async function prepare({ arrival, client, url }: CrashSweepOptions, point: Point): Promise<void> {
  if (arrival === 'pushed') return
  const { queues, scenario } = point
  await using storage = new RedisStorage({ connection: url, prefix: point.prefix })
  await enqueueScenario(scenario, storage, queues, point.file)
  if (arrival === 'waiting') return
  await storage.workers.claim({ queues, want: 100, workerName: 'dead', leaseMs: 60_000 })
  await endLeases(client, point, queues)
}

/** What comes when the worker waits for work, or is dead already. */
async function push({ arrival, url }: CrashSweepOptions, point: Point): Promise<void> {
  if (arrival !== 'pushed') return
  const { queues, scenario } = point
  const waits = () => point.proxy.commands.filter((name) => name === 'blmove').length >= queues.length
  await eventually(() => point.reached !== undefined || waits(), { timeoutMs: LIFE_MS })
  await using storage = new RedisStorage({ connection: url, prefix: point.prefix })
  await enqueueScenario(scenario, storage, queues, point.file)
}

async function forget(client: Redis, prefix: string): Promise<void> {
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
}

function kill({ pid }: SpawnedProcess): void {
  process.kill(-pid, 'SIGKILL')
}

/** At most `most` in each, and about as many in one as in another. */
function evenChunks<T>(list: readonly T[], most: number): T[][] {
  const count = Math.ceil(list.length / most)
  const size = Math.ceil(list.length / count)
  return Array.from({ length: count }, (_, n) => list.slice(size * n, size * (n + 1)))
}
