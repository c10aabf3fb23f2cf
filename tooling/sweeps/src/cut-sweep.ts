import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { RedisStorage } from '@rq/redis'
import { eventually, type Fault, faultProxy, findViolations, readRuns } from '@rq/testkit'
import type { Worker } from '@rq/worker'
import type { Redis } from 'ioredis'
import { extraRuns, unendedJobs } from './outcome.ts'
import { runWorker, type WorkerOrder } from './run-worker.ts'
import { enqueueScenario, type Scenario } from './scenario.ts'

export interface CutSweepOptions {
  readonly scenario: Scenario
  readonly queues: readonly string[]
  readonly url: string
  readonly client: Redis
  /** The folder of `jobsProject()`. */
  readonly importPath: string
  /** Default: the reply is cut off. */
  readonly fault?: Fault
}

export interface CutReport {
  points: number
  readonly faults: string[]
}

/** Much less than a lease: what a cut costs is a new connection, not a recovery. */
const LIFE_MS = 8_000
const MOST_POINTS = 60

/**
 * Let a worker do the jobs of a scenario while the reply to its n-th command is lost, for every n: nothing may be lost, run
 * twice, be counted twice, or be given up for dead.
 */
export async function cutSweep(options: CutSweepOptions): Promise<CutReport> {
  const report: CutReport = { points: 0, faults: [] }
  const size = 8
  for (let first = 1; first <= MOST_POINTS; first += size) {
    const numbers = Array.from({ length: size }, (_, n) => first + n)
    const reached = await Promise.all(numbers.map((n) => cutAt(options, n, report)))
    report.points += reached.filter(Boolean).length
    if (reached.includes(false)) return report
  }
  throw new Error(`A worker's life has more than ${MOST_POINTS} commands.`)
}

async function cutAt(options: CutSweepOptions, n: number, report: CutReport): Promise<boolean> {
  const { client, importPath, queues, scenario, url, fault = { kind: 'cut' } } = options
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
  {
    await using storage = new RedisStorage({ connection: url, prefix: place.prefix })
    await enqueueScenario(scenario, storage, queues, place.file)
  }
  const told: string[] = []
  let worker: Worker | undefined
  const { isScheduled = false } = scenario
  const order: WorkerOrder = {
    url: proxy.url,
    prefix: place.prefix,
    queues,
    burst: false,
    horse: 'inline',
    importPath,
    isScheduled,
  }
  const left = runWorker(order, (one) => {
    worker = one
    for (const event of ['lease_lost', 'job:abandoned', 'job:poisoned'] as const) one.on(event, () => told.push(event))
    for (const event of ['job:finished', 'job:failed', 'job:retried', 'job:repeated'] as const) {
      one.on(event, ({ jobId }) => told.push(`${event} ${jobId}`))
    }
  })
  const isOver = async () => (await unendedJobs(client, place, scenario)).length === 0
  await eventually(isOver, { timeoutMs: LIFE_MS, intervalMs: 20 }).catch(() => {})
  const runs = scenario.jobs.reduce((sum, job) => sum + job.runs, 0)
  const isTold = () => reached !== undefined && told.length >= runs
  await eventually(isTold, { timeoutMs: 500 }).catch(() => {})
  const counted = await client.hmget(
    `${place.prefix}worker:${worker?.name}`,
    'successful_job_count',
    'failed_job_count',
  )
  await worker?.stop()
  await left

  const where = `${scenario.name}: cut ${n} (${reached ?? 'not reached'})`
  const say = (text: string) => report.faults.push(`${where}: ${text}`)
  for (const job of await unendedJobs(client, place, scenario)) say(`lost: ${job}`)
  for (const violation of await findViolations(client, place.prefix)) say(violation)
  for (const { name, extra } of extraRuns(await readRuns(place.file), scenario.jobs))
    say(`${name} ran ${extra} times too often`)
  if (counted.reduce((sum, count) => sum + Number(count), 0) !== runs) say(`${runs} runs counted as ${counted}`)
  const wrong = told.filter((event) => !event.includes(' '))
  if (wrong.length > 0) say(`told ${wrong}`)
  if (told.length - wrong.length !== runs) say(`${runs} runs told as ${told}`)
  const keys = await client.keys(`${place.prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
  return reached !== undefined
}
