import { setTimeout as delay } from 'node:timers/promises'
import { Meter } from '../meter.ts'
import { quantile } from '../statistics.ts'
import type { Measured, ServerAddress, Step } from '../step.ts'
import type { JobPayload, Subject } from '../subject.ts'

const WARM_UP = 30
const PAUSE_MS = 4

/**
 * Milliseconds from the call that enqueues a job until the job begins (pick-up), and until the caller has its result.
 * One job at a time; the worker is idle before each. Producer and worker share a process, and so a clock.
 */
export async function latency(
  subject: Subject,
  server: ServerAddress,
  { samples }: Extract<Step, { do: 'latency' }>,
): Promise<Measured> {
  if (subject.foreign !== undefined) return { figures: undefined }
  const session = await subject.open({ url: server.url, results: true })
  const meter = new Meter(server)
  const pickUps: number[] = []
  const results: number[] = []
  let calledMs = 0
  let begun: () => void = () => {}
  await session.work({
    kind: 'inline',
    concurrency: 1,
    onJob() {
      pickUps.push(performance.now() - calledMs)
      begun()
    },
  })
  await meter.start()
  for (let n = 0; n < WARM_UP + samples; n++) {
    await delay(PAUSE_MS)
    calledMs = performance.now()
    if (session.call === undefined) {
      const beginning = new Promise<void>((resolve) => {
        begun = resolve
      })
      await Promise.all([session.enqueue(n), beginning])
    } else {
      await session.call(n)
      results.push(performance.now() - calledMs)
    }
  }
  const { others } = await meter.stop(WARM_UP + samples)
  await session.close()
  return { figures: { ...both('pickUp', pickUps), ...(results.length > 0 && both('result', results)) }, others }
}

/** Milliseconds until the first job is due, so that all jobs are enqueued before. */
const BEFORE_MS = 3000
const PATIENCE_MS = 10_000

/**
 * Milliseconds from the due time of jobs until they begin in an idle worker, which also moves them. The due times are
 * evenly spread.
 */
export async function lateness(
  subject: Subject,
  server: ServerAddress,
  { jobs, spreadMs }: Extract<Step, { do: 'schedule' }>,
): Promise<Measured> {
  if (subject.foreign !== undefined) return { figures: undefined }
  const session = await subject.open({ url: server.url })
  const { enqueueIn } = session
  if (enqueueIn === undefined) return { figures: undefined }
  const meter = new Meter(server)
  const dueMs: number[] = []
  const late: number[] = []
  let all: () => void = () => {}
  const over = new Promise<void>((resolve) => {
    all = resolve
  })
  await session.work({
    kind: 'inline',
    concurrency: 10,
    schedules: true,
    onJob(payload: JobPayload) {
      late.push(performance.now() - (dueMs[Number(payload)] ?? 0))
      if (late.length === jobs) all()
    },
  })
  await meter.start()
  const firstMs = performance.now() + BEFORE_MS
  for (let n = 0; n < jobs; n++) {
    // One by one, since a delay counts from when the call arrives. Whole milliseconds, as some libraries want them.
    const nowMs = performance.now()
    const inMs = Math.ceil(firstMs + (n * spreadMs) / jobs - nowMs)
    dueMs[n] = nowMs + inMs
    await enqueueIn(inMs, n)
  }
  await Promise.race([over, delay(BEFORE_MS + spreadMs + PATIENCE_MS)])
  const { others } = await meter.stop(jobs)
  await session.close()
  if (late.length < jobs) throw new Error(`${subject.name} ran ${late.length} of ${jobs} scheduled jobs.`)
  return { figures: { ...both('late', late), lateMax: Math.max(...late) }, others }
}

function both(name: string, values: readonly number[]): Record<string, number> {
  const counted = values.slice(values.length > 2 * WARM_UP ? WARM_UP : 0)
  return { [`${name}P50`]: quantile(counted, 0.5), [`${name}P99`]: quantile(counted, 0.99) }
}
