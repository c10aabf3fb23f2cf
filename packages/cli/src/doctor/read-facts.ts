import { RqError } from '@rq/core'
import type { Queue, QueueCounts, ScheduleInfo } from 'rq'
import type { Session } from '../session.ts'
import { unknownFunctions } from '../unknown-functions.ts'
import type { Facts, QueueFacts, ScheduleFacts } from './finding.ts'
import { RIGHTS } from './rights-check.ts'
import { missingOf } from './role-rights.ts'

/** Of how many schedules the failed job is read. */
const MOST_FAILED = 100

/** Read all that the checks look at. Writes nothing. @throws RqError when Redis cannot be reached. */
export async function readFacts(session: Session): Promise<Facts> {
  const { rq, where } = session
  const server = await rq.serverFacts(where)
  const unread: Facts['unread'][number][] = []
  /** A user may lack a right, or the server refuse scripts: that must not hide all else. */
  const part = async <T>(what: string, read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read
    } catch (error) {
      if (!(error instanceof RqError) || error.code === 'RQ_REDIS_UNREACHABLE') throw error
      unread.push({ what, why: error.message })
      return undefined
    }
  }
  const [missing, suspended, queues, workers, crons, schedules] = await Promise.all([
    part(RIGHTS, rq.missingRights(where)),
    part('suspension', rq.isSuspended(where)),
    part('queues', readQueues(session)),
    part('workers', rq.Worker.all(where)),
    part('cron jobs', rq.CronScheduler.all(where)),
    part('schedules', readSchedules(session)),
  ])
  const cronQueues = crons?.flatMap((one) => one.getJobs().map(({ queueName }) => queueName))
  return { server, missing: missing && missingOf(missing), suspended, queues, workers, cronQueues, schedules, unread }
}

/** Those that are not paused and not over. */
async function readSchedules(session: Session): Promise<ScheduleFacts[]> {
  const { rq, where } = session
  const found: ScheduleFacts[] = []
  const failed: ScheduleInfo[] = []
  for await (const schedule of rq.Schedule.list(where)) {
    const { funcName, lastJob, name, nextAt, queueName } = schedule
    if (nextAt === null) continue
    found.push({ name, queue: queueName, funcName, lateMs: Date.now() - nextAt.getTime() })
    if (lastJob?.status === 'failed' && failed.length < MOST_FAILED) failed.push(schedule)
  }
  const unknown = await unknownFunctions(session, failed)
  return found.map((facts) => ({
    ...facts,
    ...(unknown.has(facts.name) && { unknown: unknown.get(facts.name) ?? '' }),
  }))
}

async function readQueues(session: Session): Promise<QueueFacts[]> {
  const queues = await session.queues([], 'queues')
  const counts = await session.rq.Queue.counts(
    queues.map(({ name }) => name),
    session.where,
  )
  return Promise.all(queues.map((queue, index) => readQueue(session, queue, counts[index] as QueueCounts)))
}

async function readQueue(session: Session, queue: Queue, counts: QueueCounts): Promise<QueueFacts> {
  const [broken, overdue, unknown] = await Promise.all([
    queue.getBrokenJobs(),
    counts.scheduled === 0 ? undefined : overdueOf(session, queue),
    counts.queued === 0 ? undefined : unknownOf(session, queue),
  ])
  return {
    ...{ name: queue.name, counts, broken: broken.length },
    ...(overdue !== undefined && { overdue }),
    ...(unknown !== undefined && { unknown }),
  }
}

/** Why no worker can run the first job of a queue, if none knows its name. It may be started or deleted meanwhile. */
async function unknownOf(session: Session, queue: Queue): Promise<string | undefined> {
  const [id] = await queue.getJobIds({ length: 1 })
  const [job] = id === undefined ? [] : await session.jobs([id])
  const explanation = await job?.explain().catch(unlessGone)
  return explanation?.code === 'unknown_function' ? explanation.text : undefined
}

/** The first scheduled job of a queue, if it is due. It may be moved or deleted meanwhile. */
async function overdueOf(session: Session, queue: Queue): Promise<QueueFacts['overdue']> {
  const registry = queue.scheduledJobRegistry
  const [id] = await registry.getJobIds({ end: 0, cleanup: false })
  const [job] = id === undefined ? [] : await session.jobs([id])
  if (job === undefined) return undefined
  try {
    const [due, { code }] = await Promise.all([registry.getScheduledTime(job), job.explain()])
    const lateMs = Date.now() - due.getTime()
    return lateMs <= 0 ? undefined : { lateMs, hasScheduler: code !== 'no_scheduler' }
  } catch (error) {
    return unlessGone(error)
  }
}

/** For a job that has changed or is gone since it was listed. @throws what else went wrong. */
function unlessGone(error: unknown): undefined {
  if (error instanceof RqError && (error.code === 'RQ_INVALID_OPERATION' || error.code === 'RQ_NO_SUCH_JOB')) return
  throw error
}
