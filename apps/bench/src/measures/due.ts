import { Redis } from 'ioredis'
import { Meter } from '../meter.ts'
import type { Measured, ServerAddress, Step } from '../step.ts'
import type { Subject } from '../subject.ts'

const WAVE = 1000
const WATCHED_US = 500
/** None is due before all are enqueued, on any machine. */
const AHEAD_MS = 3_600_000

/**
 * Jobs that are due at the same time, moved by an idle scheduler that comes late: how long the longest script of Redis
 * took, in milliseconds by Redis's slow log, and how many jobs are moved per second.
 */
export async function due(
  subject: Subject,
  server: ServerAddress,
  { jobs }: Extract<Step, { do: 'due' }>,
): Promise<Measured> {
  const session = await subject.open({ url: server.url })
  const { enqueueIn, makeAllDue, moveDue } = session
  if (enqueueIn === undefined || makeAllDue === undefined || moveDue === undefined) {
    await session.close()
    return { figures: undefined }
  }
  for (let done = 0; done < jobs; done += WAVE) {
    await Promise.all(Array.from({ length: WAVE }, (_, n) => enqueueIn(AHEAD_MS, done + n)))
  }
  await makeAllDue()
  const redis = new Redis(server.direct)
  await redis.config('SET', 'slowlog-log-slower-than', String(WATCHED_US))
  await redis.config('SET', 'slowlog-max-len', '10000')
  await redis.slowlog('RESET')
  const meter = new Meter(server)
  await meter.start()
  const moved = await moveDue()
  const { figures, others, seconds } = await meter.stop(jobs)
  const entries = (await redis.slowlog('GET', '10000')) as [id: number, at: number, us: number, words: string[]][]
  redis.disconnect()
  await session.close()
  if (moved !== jobs) throw new Error(`${subject.name} moved ${moved} of ${jobs} jobs.`)
  const scripts = entries.filter(([, , , [command]]) => /^(evalsha|eval)$/i.test(command ?? ''))
  const longestUs = Math.max(WATCHED_US, ...scripts.map(([, , us]) => us))
  return { figures: { rate: jobs / seconds, longestMs: longestUs / 1000, ...figures }, others }
}
