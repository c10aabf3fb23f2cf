import { setTimeout as delay } from 'node:timers/promises'
import { inflateSync } from 'node:zlib'
import { findViolations, readRuns, spawnNode, startRedis, type TempDir } from '@rq/testkit'
import { Redis } from 'ioredis'
import { Chance } from './chance.ts'
import { Crew, type Hand } from './crew.ts'
import { drain } from './drain.ts'
import type { Word } from './evidence.ts'
import { TORTURE_FAULTS, type TortureFault, type Victims } from './faults.ts'
import { tortureProject } from './jobs-module.ts'
import { readOrders } from './orders.ts'
import type { ProducerOrder } from './producer.ts'
import { Troubles } from './troubles.ts'
import { judge, type Verdict } from './verdict.ts'
import type { TortureWorkerOrder } from './worker.ts'

export interface TortureOptions {
  /** How long faults happen. */
  readonly ms: number
  /** The same seed makes the same faults at the same times. The results still depend on the machine. */
  readonly seed: number
  /** Default 3. */
  readonly workers?: number
  /** Default 2. */
  readonly producers?: number
  /** Gets a line for each action. */
  readonly onFault?: (name: string) => void
}

export interface TortureReport extends Verdict {
  /** How often each fault happened. */
  readonly faults: ReadonlyMap<string, number>
  /** Jobs in a failed registry although they can succeed, with their errors. */
  readonly failed: readonly string[]
  /** Broken invariants at the end. */
  readonly violations: readonly string[]
  /** Processes that ended by themselves or did not leave, and counters that are too high. */
  readonly complaints: readonly string[]
}

const PREFIX = 'rq:'
const QUEUES = ['high', 'default', 'low']
const LEASE_MS = 5000
const CONCURRENCY = 3
const PAUSE_MS = 50
const BETWEEN_FAULTS_MS = [100, 900] as const
const DRAIN_PATIENCE_MS = 60_000

/**
 * Run workers, producers and schedulers with random faults of all kinds at once. Files record what was enqueued, what
 * ran, and which fault hit which process. They are compared when all faults are over and the queues are empty.
 */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const { ms, producers = 2, seed, workers = 3 } = options
  const chance = new Chance(seed)
  const troubles = new Troubles()
  await using project = await tortureProject()
  await using redis = await startRedis({ appendonly: true })
  const client = new Redis(redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
  client.on('error', () => {})
  await using crew = new Crew({ url: redis.url, troubles, spawn: spawner(project, seed) })
  try {
    for (let n = 0; n < workers; n++) await crew.add('worker')
    for (let n = 0; n < producers; n++) await crew.add('producer')
    const victims = { redis, client, crew, chance, troubles, leaseMs: LEASE_MS }
    const faults = await harm(victims, options, ms)
    await crew.close('producer')
    const undrained = await drain({ client, prefix: PREFIX, queues: QUEUES, patienceMs: DRAIN_PATIENCE_MS })
    const counted = await counters(client)
    await crew.close('worker')
    const runs = await readRuns(project.path('runs'))
    const orders = await readOrders(project.path('orders'))
    const words = wordsOf(crew)
    const verdict = judge({ orders, runs, troubles: troubles.list, words, leaseMs: LEASE_MS })
    return {
      ...verdict,
      faults,
      failed: await unexpectedFailures(client, new Set(verdict.parked)),
      violations: await findViolations(client, PREFIX),
      complaints: [...crew.complaints, ...undrained, ...overcounted(crew, counted)],
    }
  } finally {
    client.disconnect()
  }
}

function spawner({ dir, path }: TempDir, seed: number) {
  return (role: Hand['role'], url: string, serial: number) => {
    const common = { url, prefix: PREFIX, queues: QUEUES, name: `${role}${serial}` }
    const settings = { leaseMs: LEASE_MS, concurrency: CONCURRENCY, importPath: dir }
    const worker: TortureWorkerOrder = { ...common, ...settings, hasLanes: serial % 2 === 1 }
    const files = { runsFile: path('runs'), ordersFile: path('orders') }
    const producer: ProducerOrder = { ...common, ...files, seed: seed + serial, pauseMs: PAUSE_MS }
    const order = role === 'worker' ? worker : producer
    return spawnNode(new URL(`../../dist/torture/${role}.js`, import.meta.url), [JSON.stringify(order)])
  }
}

/** Cause random faults until the time is over, and wait until all faults are over. */
async function harm(victims: Victims, { onFault }: TortureOptions, ms: number): Promise<Map<string, number>> {
  const { chance, crew } = victims
  const counts = new Map<string, number>()
  const endMs = performance.now() + ms
  const running = new Set<Promise<unknown>>()
  const failures: unknown[] = []
  let isRedisBusy = false
  const start = (fault: TortureFault): Promise<unknown> | undefined => {
    if (fault.on === 'redis') {
      if (isRedisBusy) return undefined
      isRedisBusy = true
      return fault.harm(victims).finally(() => {
        isRedisBusy = false
      })
    }
    const free = crew.hands.filter(({ isBusy, isEnding, role }) => role === fault.on && !isBusy && !isEnding)
    if (free.length === 0) return undefined
    const hand = chance.pick(free)
    hand.isBusy = true
    return fault.harm(victims, hand).finally(() => {
      hand.isBusy = false
    })
  }
  while (performance.now() < endMs) {
    const fault = chance.pick(TORTURE_FAULTS, ({ share }) => share)
    const harming = start(fault)
    if (harming !== undefined) {
      onFault?.(fault.name)
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1)
      const watched = harming.catch((error: unknown) => failures.push(error)).finally(() => running.delete(watched))
      running.add(watched)
    }
    await delay(chance.between(...BETWEEN_FAULTS_MS))
  }
  await Promise.all(running)
  if (failures.length > 0) throw new AggregateError(failures, 'Harm could not be done.')
  return counts
}

const TOLD = /^(lease_lost|job:abandoned|job:poisoned) (\S+) (\S+)(?: (\d+) (\S*))?$/gm

function wordsOf({ processes }: Crew): Word[] {
  const pids = new Map(processes.map(({ process, role }, index) => [`${role}${index + 1}`, process.pid]))
  return processes.flatMap(({ process: { pid: by, stdout } }) =>
    [...stdout.matchAll(TOLD)].map(([, what, jobId = '', msText, count, holder = '']): Word => {
      const ms = Number(msText)
      if (what !== 'job:abandoned' && what !== 'job:poisoned') return { what: 'lease_lost', jobId, ms, by }
      return { what, jobId, ms, by, holder: pids.get(holder) ?? 0, count: Number(count) }
    }),
  )
}

async function counters(client: Redis): Promise<Map<string, readonly [successful: number, failed: number]>> {
  const keys = await client.smembers(`${PREFIX}workers`)
  const entries = keys.map(async (key) => {
    const [successful, failed] = await client.hmget(key, 'successful_job_count', 'failed_job_count')
    return [key.slice(`${PREFIX}worker:`.length), [Number(successful ?? 0), Number(failed ?? 0)] as const] as const
  })
  return new Map(await Promise.all(entries))
}

/** Workers whose counters are higher than their reports: an attempt was settled twice. */
function overcounted({ processes }: Crew, counted: Awaited<ReturnType<typeof counters>>): string[] {
  return processes.flatMap(({ process, role }, index) => {
    const [, successful, failed] = /^counts (\d+) (\d+)$/m.exec(process.stdout) ?? []
    const counts = counted.get(`${role}${index + 1}`)
    if (role !== 'worker' || counts === undefined || successful === undefined) return []
    const isMore = counts[0] > Number(successful) || counts[1] > Number(failed)
    return isMore ? [`worker${index + 1} counted ${counts.join(' + ')} and reported ${successful} + ${failed}`] : []
  })
}

async function unexpectedFailures(client: Redis, parked: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = []
  for (const queue of QUEUES) {
    for (const id of await client.zrange(`${PREFIX}failed:${queue}`, 0, '-1')) {
      // The call: a description is stored only where one was given.
      const call = (await client.hget(`${PREFIX}job:${id}`, 'data')) ?? ''
      if (parked.has(id) || /#(exits|crashes|hangs)"/.test(call)) continue
      found.push(`${id} (${call.slice(0, 100)}): ${await errorOf(client, id)}`)
    }
  }
  return found
}

async function errorOf(client: Redis, id: string): Promise<string> {
  const [[, fields = []] = []] = await client.xrevrange(`${PREFIX}results:${id}`, '+', '-', 'COUNT', 1)
  const text = fields[fields.indexOf('exc_string') + 1] ?? ''
  return inflateSync(Buffer.from(text, 'base64')).toString().slice(-500)
}
