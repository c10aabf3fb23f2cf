import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { Meter } from '../meter.ts'
import type { Measured, ServerAddress, Step } from '../step.ts'
import type { Session, Subject } from '../subject.ts'

const LOOK_MS = 10
const GIVE_UP_MS = 120_000
/** For measurements that need all jobs to end. */
const GIVE_UP_ALL_MS = 600_000
const MEGABYTE = 1024 * 1024

/**
 * Run all waiting jobs. The clock runs from the `from`-th to the `to`-th finished job, as the server counts them, so
 * that the start of a worker does not count.
 */
export async function processJobs(
  subject: Subject,
  server: ServerAddress,
  { kind, concurrency, from, to, longestMs }: Extract<Step, { do: 'process' }>,
): Promise<Measured> {
  const session = await subject.open({ url: server.url })
  await using counter = counterOf(subject, session, server)
  const meter = new Meter(server, () => session.workerPid?.() ?? process.pid)
  await session.work({ kind, concurrency })
  const reach = async (wanted: number, untilMs: number) => {
    while ((await counter.count()) < wanted && performance.now() < untilMs) await delay(LOOK_MS)
  }
  const beganMs = performance.now()
  const giveUpMs = beganMs + (longestMs === undefined ? GIVE_UP_ALL_MS : GIVE_UP_MS)
  await reach(from, giveUpMs)
  await meter.start()
  const firstRss = process.memoryUsage.rss()
  const first = await counter.count()
  await reach(to, Math.min(giveUpMs, performance.now() + (longestMs ?? Number.POSITIVE_INFINITY)))
  const rss = process.memoryUsage.rss()
  const last = await counter.count()
  const jobs = last - first
  const cost = await meter.stop(jobs)
  await session.close()
  if (jobs <= 0) throw new Error(`${subject.name} finished nothing.`)
  if (longestMs === undefined && last < to) throw new Error(`${subject.name} finished ${last} of ${to} jobs.`)
  return {
    figures: {
      rate: jobs / cost.seconds,
      ...cost.figures,
      rssMb: rss / MEGABYTE,
      rssGrowthMb: (rss - firstRss) / MEGABYTE,
    },
    others: cost.others,
    commands: cost.commands,
  }
}

interface Counter extends AsyncDisposable {
  count(): Promise<number>
}

function counterOf({ finished, name }: Subject, session: Session, { direct }: ServerAddress): Counter {
  if (session.finished !== undefined) {
    const count = session.finished.bind(session)
    return { count, [Symbol.asyncDispose]: async () => {} }
  }
  if (finished === undefined) throw new Error(`${name} does not count finished jobs.`)
  const redis = new Redis(direct)
  return {
    count: async () => Number(await redis[finished.command](finished.key)),
    [Symbol.asyncDispose]: async () => redis.disconnect(),
  }
}
