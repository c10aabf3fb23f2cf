import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { RedisStorage } from '@rq/redis'
import { eventually, type Fault, type FaultProxy, faultProxy, findViolations, readRuns } from '@rq/testkit'
import type { Worker, WorkerEvents } from '@rq/worker'
import type { Redis } from 'ioredis'
import { endLeases, extraRuns, type Place, unendedJobs } from './outcome.ts'
import { runWorker } from './run-worker.ts'
import { enqueueScenario, type Scenario } from './scenario.ts'

export interface CutSweepOptions {
  readonly scenario: Scenario
  readonly queues: readonly string[]
  readonly url: string
  readonly client: Redis
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /** What befalls the n-th command: its reply is lost, ... */
  readonly fault: Fault
  /** The jobs were left by a dead worker, and are recovered. Default false. */
  readonly isAbandoned?: boolean
}

export interface CutReport {
  readonly points: number
  /** What must not be, each with its point. */
  readonly faults: readonly string[]
}

/** Much less than a lease: what a fault costs is a new connection or another try, not a recovery. */
const LIFE_MS = 12_000
const TOLD_MS = 1_000
const AT_ONCE = 24
const MOST_COMMANDS = 100

/** The end of an attempt, as a worker tells of it. */
const ENDS = ['job:finished', 'job:failed', 'job:retried', 'job:repeated'] as const
const LOSSES = ['lease_lost', 'job:abandoned', 'job:poisoned'] as const

/**
 * Let a worker do the jobs of a scenario while something befalls its n-th command, for every n. Nothing may be lost, run
 * twice, be counted or told twice, or be given up for dead.
 */
export async function cutSweep(options: CutSweepOptions): Promise<CutReport> {
  const faults: string[] = []
  let points = 0
  for (let first = 1; first <= MOST_COMMANDS; first += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, n) => first + n)
    const lives = await Promise.all(numbers.map((n) => live(options, n)))
    for (const { complaints, n, reached } of lives) {
      if (reached !== undefined) points += 1
      faults.push(...complaints.map((text) => `command ${n} (${reached ?? 'not reached'}): ${text}`))
    }
    if (lives.some(({ reached }) => reached === undefined)) return { points, faults }
  }
  throw new Error(`A worker sent more than ${MOST_COMMANDS} commands.`)
}

interface Life {
  readonly n: number
  /** The name of the n-th command; undefined when there were fewer. */
  readonly reached: string | undefined
  readonly complaints: readonly string[]
}

async function live(options: CutSweepOptions, n: number): Promise<Life> {
  const { client, fault, importPath, scenario, url } = options
  const id = randomUUID()
  const place = { prefix: `${id}:`, file: join(importPath, `runs-${id}`) }
  let reached: string | undefined
  await using proxy = await faultProxy(url, {
    onCommand: (command) => {
      if (command.n !== n) return undefined
      reached = command.name
      return fault
    },
  })
  await prepare(options, place)
  const told = await work(options, place, proxy)
  const complaints = [
    ...(await unendedJobs(client, place, scenario)).map((job) => `lost: ${job}`),
    ...(await findViolations(client, place.prefix)),
    ...extraRuns(await readRuns(place.file), scenario.jobs).map(
      ({ name, extra }) => `${name} ran ${extra} times too often`,
    ),
    ...told,
  ]
  const keys = await client.keys(`${place.prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
  return { n, reached, complaints }
}

async function prepare({ client, isAbandoned, queues, scenario, url }: CutSweepOptions, place: Place): Promise<void> {
  await using storage = new RedisStorage({ connection: url, prefix: place.prefix })
  await enqueueScenario(scenario, storage, queues, place.file)
  if (isAbandoned !== true) return
  await storage.workers.claim({ queues, want: 100, workerName: 'dead', leaseMs: 60_000 })
  await endLeases(client, place, queues)
}

/** Returns what a worker told and counted that it should not have. */
async function work(options: CutSweepOptions, place: Place, proxy: FaultProxy): Promise<string[]> {
  const { client, importPath, isAbandoned = false, queues, scenario } = options
  const told: (keyof WorkerEvents)[] = []
  let worker: Worker | undefined
  const { isScheduled = false } = scenario
  const order = { url: proxy.url, prefix: place.prefix, queues, burst: false, importPath, isScheduled }
  const left = runWorker({ ...order, horse: 'inline' }, (one) => {
    worker = one
    for (const event of [...ENDS, ...LOSSES]) one.on(event, () => void told.push(event))
  })
  const isOver = async () => (await unendedJobs(client, place, scenario)).length === 0
  await eventually(isOver, { timeoutMs: LIFE_MS, intervalMs: 50 }).catch(() => {})

  const abandoned = isAbandoned ? claimable(scenario) : []
  // A job that is recovered ends one attempt more; it counts as a failure where it costs a retry.
  const runs = scenario.jobs.reduce((sum, { runs: count }) => sum + count, 0)
  const ends = runs + abandoned.length
  const counted = runs + abandoned.filter(({ options: { retry } = {} }) => retry !== undefined).length
  const ended = () => told.filter((event) => (ENDS as readonly string[]).includes(event)).length
  await eventually(() => ended() >= ends, { timeoutMs: TOLD_MS }).catch(() => {})
  const key = `${place.prefix}worker:${worker?.name}`
  const counters = await client.hmget(key, 'successful_job_count', 'failed_job_count')
  await worker?.stop()
  await left.catch((error: unknown) => told.push(`it threw ${error}` as keyof WorkerEvents))

  const complaints: string[] = []
  const sum = counters.reduce((total, count) => total + Number(count), 0)
  if (sum !== counted) complaints.push(`counted ${counters.join(' + ')} for ${counted} attempts`)
  if (ended() !== ends) complaints.push(`told of ${ended()} ends of ${ends} attempts`)
  const others = told.filter((event) => !(ENDS as readonly string[]).includes(event))
  const expected = abandoned.map(() => 'job:abandoned')
  if (others.join() !== expected.join()) complaints.push(`told ${others}`)
  return complaints
}

/** The jobs that a worker who claims all it can gets at once. */
function claimable({ jobs }: Scenario): Scenario['jobs'] {
  const limited = jobs.filter(({ options: { rateLimit } = {} }) => rateLimit !== undefined)
  return jobs.filter((job) => {
    const { dependsOn, rateLimit } = job.options ?? {}
    return dependsOn === undefined && job.inS === undefined && (rateLimit === undefined || job === limited[0])
  })
}
