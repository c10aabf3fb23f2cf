import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import type { CommandUse, Figures, Step } from '../step.ts'
import type { Subject } from '../subject.ts'

const LOOK_MS = 10
const GIVE_UP_MS = 120_000
const MEGABYTE = 1024 * 1024

interface Sample {
  readonly finished: number
  readonly atMs: number
  readonly nodeUs: number
  readonly redisUs: number
  readonly rss: number
  readonly commands: CommandUse
}

/**
 * Run all waiting jobs. The clock runs from the `from`-th to the `to`-th finished job, as Redis counts them, so that
 * the start of a worker does not count.
 */
export async function processJobs(
  subject: Subject,
  url: string,
  { kind, concurrency, from, to, longestMs }: Extract<Step, { do: 'process' }>,
): Promise<{ figures: Figures | undefined; commands?: CommandUse }> {
  if (!subject.kinds.includes(kind)) return { figures: undefined }
  const redis = new Redis(url)
  const count = async () => Number(await redis[subject.finished.command](subject.finished.key))
  const session = await subject.open({ url })
  await session.work({ kind, concurrency })
  const reach = async (wanted: number, untilMs: number) => {
    while ((await count()) < wanted && performance.now() < untilMs) await delay(LOOK_MS)
  }
  const giveUpMs = performance.now() + GIVE_UP_MS
  await reach(from, giveUpMs)
  const first = await sample(redis, count)
  await reach(to, Math.min(giveUpMs, first.atMs + longestMs))
  const last = await sample(redis, count)
  redis.disconnect()
  await session.close()
  const jobs = last.finished - first.finished
  if (jobs <= 0) throw new Error(`${subject.name} finished nothing.`)
  return {
    figures: {
      rate: (jobs / (last.atMs - first.atMs)) * 1000,
      redisUs: (last.redisUs - first.redisUs) / jobs,
      nodeUs: (last.nodeUs - first.nodeUs) / jobs,
      rssMb: last.rss / MEGABYTE,
      rssGrowthMb: (last.rss - first.rss) / MEGABYTE,
    },
    commands: commandsPerJob(first.commands, last.commands, jobs),
  }
}

async function sample(redis: Redis, count: () => Promise<number>): Promise<Sample> {
  const [cpu, stats] = await Promise.all([redis.info('cpu'), redis.info('commandstats')])
  const finished = await count()
  const { user, system } = process.cpuUsage()
  return {
    finished,
    atMs: performance.now(),
    nodeUs: user + system,
    redisUs: (number(cpu, 'used_cpu_user') + number(cpu, 'used_cpu_sys')) * 1e6,
    rss: process.memoryUsage.rss(),
    commands: readCommands(stats),
  }
}

function number(info: string, name: string): number {
  return Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0)
}

function readCommands(info: string): CommandUse {
  const lines = info.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)
  return Object.fromEntries([...lines].map(([, name, calls, us]) => [name, { calls: Number(calls), us: Number(us) }]))
}

function commandsPerJob(before: CommandUse, after: CommandUse, jobs: number): CommandUse {
  const uses = Object.entries(after).map(([name, { calls, us }]) => {
    const old = before[name] ?? { calls: 0, us: 0 }
    return [name, { calls: (calls - old.calls) / jobs, us: (us - old.us) / jobs }] as const
  })
  return Object.fromEntries(uses.filter(([, { calls }]) => calls > 0.001).sort(([, a], [, b]) => b.us - a.us))
}
