import { RedisStorage } from '@rq/redis'
import {
  eventually,
  type Fault,
  type FaultProxy,
  faultProxy,
  findViolations,
  type RedisFixture,
  spawnNode,
} from '@rq/testkit'
import type { VictimOrder } from './crash-victim.js'

/**
 * What befalls a scheduler at its n-th command: it dies before the command reaches Redis; it dies when the command has run and
 * the answer is on its way; or only the answer is lost, and it lives on.
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
  /** How many commands there are to die at. */
  readonly commands: number
  /** Of the schedulers that are killed. */
  readonly leaseMs: number
  /** What is there to do for them; called when they have been started. */
  readonly begin?: (point: Point) => Promise<unknown>
  /** Whether one that lives on has done what there was to do. */
  readonly isOver: (point: Point) => Promise<boolean>
  /** What is wrong, after others have finished what the dead one left. */
  readonly judge: (point: Point) => Promise<readonly string[]>
}

export interface SweepReport {
  /** Points at which something befell a scheduler. */
  readonly points: number
  /** The commands that they were, without repetition. */
  readonly commands: readonly string[]
  /** What is wrong, each with its point. */
  readonly faults: readonly string[]
}

const LIFE_MS = 20_000
const LOOK_MS = 20

/**
 * Let one thing befall a scheduler, at every one of its commands, then kill its process and have others go on. The schedulers
 * live in one process. Those that are to die are cut off from Redis at their point, which is all that Redis sees of a death.
 */
export async function sweepSchedulers(sweep: SchedulerSweep): Promise<SweepReport> {
  const { commands: most, redis } = sweep
  const numbers = Array.from({ length: most }, (_, index) => index + 1)
  const points = await Promise.all(MOMENTS.flatMap((moment) => numbers.map((n) => newPoint(sweep, moment, n))))
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
  return { points: reached.length, commands: [...new Set(reached)], faults }
}

async function runUntilKilled(sweep: SchedulerSweep, points: readonly Point[]): Promise<void> {
  const { begin, isOver, kind, leaseMs, queues } = sweep
  const orders = points.map(({ prefix, proxy }): VictimOrder => ({ kind, url: proxy.url, prefix, queues, leaseMs }))
  await using victim = spawnNode(new URL('./crash-victim.js', import.meta.url), [JSON.stringify(orders)])
  await victim.output(/started/)
  await Promise.all(points.map((point) => begin?.(point)))
  const hasEnded = async (point: Point) => (point.reached !== undefined && point.moment !== 'cut') || isOver(point)
  await eventually(async () => (await Promise.all(points.map(hasEnded))).every(Boolean), {
    timeoutMs: LIFE_MS,
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
