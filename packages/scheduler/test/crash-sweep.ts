import { RedisStorage } from '@rq/redis'
import {
  eventually,
  type Fault,
  type FaultProxy,
  faultProxy,
  findViolations,
  type RedisFixture,
  RUNS_ALL,
  spawnNode,
} from '@rq/testkit'
import type { VictimOrder } from './crash-victim.js'

/**
 * What happens to a scheduler at its n-th command: it dies before the command reaches Redis; it dies when the command
 * has run and the reply is on its way; or only the reply is lost, and it lives on.
 */
export const MOMENTS = ['before', 'after', 'cut'] as const

export interface Point {
  readonly n: number
  readonly moment: (typeof MOMENTS)[number]
  readonly prefix: string
  readonly proxy: FaultProxy
  readonly storage: RedisStorage
  /** The name of the command, once it was reached. */
  reached: string | undefined
}

export interface SchedulerSweep {
  readonly redis: RedisFixture
  readonly kind: VictimOrder['kind']
  readonly queues: readonly string[]
  /** How many of its commands a scheduler may die at. */
  readonly commands: number
  /** Of the schedulers that are killed. */
  readonly leaseMs: number
  /** Gives the schedulers something to do; called when they have started. */
  readonly begin?: (point: Point) => Promise<unknown>
  /** Whether a scheduler that lives on has done it. */
  readonly isOver: (point: Point) => Promise<boolean>
  /** Lets others finish what the dead scheduler left, and returns what is wrong then. */
  readonly judge: (point: Point) => Promise<readonly string[]>
}

export interface SweepReport {
  /** Points that were tried. */
  readonly tried: number
  /** Those that a scheduler reached. */
  readonly reached: number
  /** The commands at the points that were reached, without repetition. */
  readonly commands: readonly string[]
  /** What is wrong, each with its point. */
  readonly faults: readonly string[]
}

const LOOK_MS = 20
/** The first commands start a scheduler; the later ones repeat each other. */
const DIFFERENT = 6

/**
 * Let one thing happen to a scheduler at each of its commands, then kill its process and have others go on. All
 * schedulers live in one process. Those that die are cut off from Redis at their point, which is all that Redis sees of
 * a death. The sample (without `RQ_TEST=all`) has the first commands, which differ most, at all moments, and each later
 * one at one.
 */
export async function sweepSchedulers(sweep: SchedulerSweep): Promise<SweepReport> {
  const { commands: most, redis } = sweep
  const numbers = Array.from({ length: most }, (_, index) => index + 1)
  const points = await Promise.all(
    MOMENTS.flatMap((moment, index) =>
      numbers
        .filter((n) => RUNS_ALL || n <= DIFFERENT || n % MOMENTS.length === index)
        .map((n) => newPoint(sweep, moment, n)),
    ),
  )
  const faults: string[] = []
  const note = (point: Point, texts: readonly string[], when: string) =>
    faults.push(...texts.map((text) => `${point.moment} command ${point.n} (${point.reached}): ${text} ${when}`))
  try {
    await runUntilKilled(sweep, points)
    await Promise.all(
      points.map(async (point) => {
        note(point, await findViolations(redis.client, point.prefix), 'when it was dead')
        note(point, await sweep.judge(point), 'at the end')
        note(point, await findViolations(redis.client, point.prefix), 'at the end')
      }),
    )
  } finally {
    await Promise.all(points.map((point) => forget(redis, point)))
  }
  const reached = points.flatMap((point) => point.reached ?? [])
  return { tried: points.length, reached: reached.length, commands: [...new Set(reached)], faults }
}

async function runUntilKilled(sweep: SchedulerSweep, points: readonly Point[]): Promise<void> {
  const { begin, isOver, kind, leaseMs, queues } = sweep
  const orders = points.map(({ prefix, proxy }): VictimOrder => ({ kind, url: proxy.url, prefix, queues, leaseMs }))
  await using victim = spawnNode(new URL('./crash-victim.js', import.meta.url), [JSON.stringify(orders)])
  await victim.output(/started/)
  await Promise.all(points.map((point) => begin?.(point)))
  const hasEnded = async (point: Point) => (point.reached !== undefined && point.moment !== 'cut') || isOver(point)
  await eventually(async () => (await Promise.all(points.map(hasEnded))).every(Boolean), {
    intervalMs: LOOK_MS,
  })
  victim.kill('SIGKILL')
  await victim.exited
  for (const { proxy } of points) proxy.reset()
}

async function newPoint({ redis }: SchedulerSweep, moment: Point['moment'], n: number): Promise<Point> {
  const { url } = redis
  const prefix = `${redis.prefix}${moment}${n}:`
  const proxy = await faultProxy(url)
  const point: Point = {
    n,
    moment,
    prefix,
    proxy,
    storage: new RedisStorage({ connection: url, prefix, role: 'worker' }),
    reached: undefined,
  }
  const faultAt = (name: string): Fault => {
    const reach = () => {
      point.reached = name
      if (moment !== 'cut') proxy.freeze()
    }
    if (moment !== 'cut') return { kind: moment, hook: reach }
    reach()
    return { kind: 'cut' }
  }
  proxy.onCommand = (command) => (command.n === n ? faultAt(command.name) : undefined)
  return point
}

/** The state was looked at, with its own prefix. */
async function forget({ client }: RedisFixture, { prefix, proxy, storage }: Point): Promise<void> {
  await storage.close()
  await proxy[Symbol.asyncDispose]()
  const keys = await client.keys(`${prefix}*`)
  if (keys.length > 0) await client.unlink(keys)
}
