import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { RedisStorage } from '@rq/redis'
import { eventually, type Fault, type FaultProxy, faultProxy, findViolations, readRuns } from '@rq/testkit'
import type { Worker, WorkerEvents } from '@rq/worker'
import type { Redis } from 'ioredis'
import { OlderCopies } from './older-copies.ts'
import { endLeases, extraRuns, type Place, unendedJobs } from './outcome.ts'
import { atPoint, type CommandPoint, hasReply, isCertain, pointsOf } from './points.ts'
import { runWorker } from './run-worker.ts'
import { enqueueScenario, type Scenario } from './scenario.ts'

export interface CutSweepOptions {
  readonly scenario: Scenario
  readonly queues: readonly string[]
  readonly url: string
  readonly client: Redis
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /**
   * What happens to one command: its reply is lost, ...; or a Python program saves older copies of the jobs before it:
   * as they were enqueued, or as they were before the command that came last.
   */
  readonly fault: Fault | { readonly kind: 'save'; readonly copies: 'enqueued' | 'latest' }
  /** The jobs were left by a dead worker, and are recovered. Default false. */
  readonly isAbandoned?: boolean
  /** Take only some of the points. Default: every command of a life. */
  readonly choose?: (points: readonly CommandPoint[]) => readonly CommandPoint[]
}

export interface CutReport {
  /** Points at which the fault happened. */
  readonly points: number
  /** The violations, each with its point. */
  readonly faults: readonly string[]
  /** Points that every worker must reach and one did not: the sweep itself is broken. */
  readonly missed: readonly string[]
}

const AT_ONCE = 24

/** The end of an attempt, as a worker reports it. */
const ENDS = ['job:finished', 'job:failed', 'job:retried', 'job:repeated'] as const
const LOSSES = ['lease_lost', 'job:abandoned', 'job:poisoned'] as const

/**
 * For each command of a worker, let a worker run the jobs of a scenario while a fault hits that command. No job may be
 * lost, run twice, be counted or reported twice, or be taken for abandoned: a fault costs a new connection or another
 * try, not a recovery.
 */
export async function cutSweep(options: CutSweepOptions): Promise<CutReport> {
  const undisturbed = await live(options)
  const commands = pointsOf(undisturbed.commands)
  const all = options.fault.kind === 'cut' ? commands.filter(hasReply) : commands
  const points = options.choose?.(all) ?? all
  const lives: Life[] = []
  for (let first = 0; first < points.length; first += AT_ONCE) {
    const some = points.slice(first, first + AT_ONCE)
    lives.push(...(await Promise.all(some.map((at) => live(options, at)))))
  }
  return {
    points: lives.filter(({ isReached }) => isReached).length,
    faults: [undisturbed, ...lives].flatMap(({ at, complaints }) => complaints.map((text) => `${nameOf(at)}: ${text}`)),
    missed: lives.flatMap(({ at, isReached }) => (at && !isReached && isCertain(at) ? [nameOf(at)] : [])),
  }
}

interface Life {
  /** The point of the fault; undefined = no fault. */
  readonly at: CommandPoint | undefined
  readonly isReached: boolean
  readonly commands: readonly string[]
  readonly complaints: readonly string[]
}

const nameOf = (at: CommandPoint | undefined): string => (at === undefined ? 'undisturbed' : `${at.name} ${at.nth}`)

async function live(options: CutSweepOptions, at?: CommandPoint): Promise<Life> {
  const { client, fault, importPath, queues, scenario, url } = options
  const id = randomUUID()
  const place = { prefix: `${id}:`, file: join(importPath, `runs-${id}`) }
  let isReached = false
  await using proxy = await faultProxy(url)
  await prepare(options, place)
  const copies = new OlderCopies(client, place, scenario, queues)
  if (fault.kind === 'save') await copies.take()
  if (at !== undefined) {
    const onPoint = atPoint(at, (): Fault => {
      isReached = true
      return fault.kind === 'save' ? { kind: 'before', hook: () => copies.save() } : fault
    })
    const takes = fault.kind === 'save' && fault.copies === 'latest'
    proxy.onCommand = (command) => {
      const found = onPoint(command)
      return found ?? (takes && !isReached ? { kind: 'before', hook: () => copies.take() } : undefined)
    }
  }
  const wrong = await work(options, place, proxy)
  const complaints = [
    ...(await unendedJobs(client, place, scenario)).map((job) => `lost: ${job}`),
    ...(await findViolations(client, place.prefix)),
    ...extraRuns(await readRuns(place.file), scenario.jobs).map(
      ({ name, extra }) => `${name} ran ${extra} times too often`,
    ),
    ...wrong,
  ]
  const keys = await client.keys(`${place.prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
  return { at, isReached, commands: proxy.commands, complaints }
}

async function prepare({ client, isAbandoned, queues, scenario, url }: CutSweepOptions, place: Place): Promise<void> {
  await using storage = new RedisStorage({ connection: url, prefix: place.prefix })
  await enqueueScenario(scenario, storage, queues, place.file)
  if (isAbandoned !== true) return
  await storage.workers.claim({ queues, want: 100, workerName: 'dead', leaseMs: 60_000 })
  await endLeases(client, place, queues)
}

/** Returns the reports and counts of a worker that are wrong. */
async function work(options: CutSweepOptions, place: Place, proxy: FaultProxy): Promise<string[]> {
  const { client, importPath, isAbandoned = false, queues, scenario } = options
  const events: (keyof WorkerEvents)[] = []
  const thrown: unknown[] = []
  let worker: Worker | undefined
  const { isScheduled = false } = scenario
  const order = { url: proxy.url, prefix: place.prefix, queues, burst: false, importPath, isScheduled }
  const left = runWorker({ ...order, horse: 'inline' }, (one) => {
    worker = one
    for (const event of [...ENDS, ...LOSSES]) one.on(event, () => void events.push(event))
  })
  const isOver = async () => (await unendedJobs(client, place, scenario)).length === 0
  // Jobs that never end are lost, and reported.
  await eventually(isOver, { intervalMs: 50 }).catch(() => {})

  const abandoned = isAbandoned ? claimable(scenario) : []
  // A recovered job has one attempt more, which counts as a failure if it takes a retry. One whose function is unknown
  // fails in one attempt, without a run.
  const runs = scenario.jobs.reduce((sum, { runs: count }) => sum + Math.max(count, 1), 0)
  const ends = runs + abandoned.length
  const counted = runs + abandoned.filter(({ options: { retry } = {} }) => retry !== undefined).length
  const ended = () => events.filter((event) => (ENDS as readonly string[]).includes(event)).length
  await eventually(() => ended() >= ends, { timeoutMs: 20_000 }).catch(() => {})
  const key = `${place.prefix}worker:${worker?.name}`
  const counters = await client.hmget(key, 'successful_job_count', 'failed_job_count')
  await worker?.stop()
  await left.catch((error: unknown) => thrown.push(error))

  const complaints: string[] = thrown.map((error) => `it threw ${error}`)
  const sum = counters.reduce((total, count) => total + Number(count), 0)
  if (sum !== counted) complaints.push(`counted ${counters.join(' + ')} for ${counted} attempts`)
  if (ended() !== ends) complaints.push(`reported ${ended()} ends of ${ends} attempts`)
  const others = events.filter((event) => !(ENDS as readonly string[]).includes(event))
  const expected = abandoned.map(() => 'job:abandoned')
  if (others.join() !== expected.join()) complaints.push(`reported ${others}`)
  return complaints
}

/** The jobs that one claim of as many as possible returns. */
function claimable({ jobs }: Scenario): Scenario['jobs'] {
  const limited = jobs.filter(({ options: { rateLimit } = {} }) => rateLimit !== undefined)
  return jobs.filter((job) => {
    const { dependsOn, rateLimit } = job.options ?? {}
    return dependsOn === undefined && job.inS === undefined && (rateLimit === undefined || job === limited[0])
  })
}
