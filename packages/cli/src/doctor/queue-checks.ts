import { SECOND_MS } from '@rq/core'
import { counted } from '../output/counted.ts'
import { visibleName } from '../output/terminal-text.ts'
import { shortDuration } from '../output/time-text.ts'
import {
  type Check,
  type Facts,
  type Finding,
  note,
  ok,
  problem,
  type QueueFacts,
  type ScheduleFacts,
  warning,
} from './finding.ts'
import { RIGHTS } from './rights-check.ts'

/** A scheduler looks at least this often for jobs that are due. */
const LATE_MS = 10 * SECOND_MS
const MOST_NAMED = 3

export const unread: Check = (facts) =>
  facts.unread.filter(({ what }) => what !== RIGHTS).map(({ what, why }) => note('Not seen', `${what}: ${why}`))

export const workers: Check = ({ workers: all }) => {
  if (all === undefined) return []
  if (all.length === 0) return note('Workers', 'None is running')
  return ok(
    'Workers',
    `${counted(all.length, 'worker')} on ${counted(new Set(all.flatMap(({ queues }) => queues)).size, 'queue')}`,
  )
}

export const suspended: Check = (facts) =>
  facts.suspended === true ? problem('Suspended', 'All workers are suspended: no job is started.', 'rq-cli resume') : []

export const paused: Check = ({ queues = [] }) => {
  const found = queues.filter(({ counts }) => counts.paused)
  const waiting = found.filter(({ counts }) => counts.queued > 0)
  if (waiting.length > 0) {
    return problem('Paused', `${jobsIn(waiting, ({ counts }) => counts.queued)} in paused queues.`, resumeAll(waiting))
  }
  return found.length === 0 ? [] : note('Paused', `${namesOf(found)}, where no job waits`, resumeAll(found))
}

export const unserved: Check = (facts) => {
  const { queues } = facts
  if (queues === undefined || facts.workers === undefined) return []
  const idle = queues.filter(({ counts, name }) => counts.queued > 0 && !isServed(facts, name))
  const held = queues.filter(({ counts, name }) => counts.queued > 0 && isServed(facts, name) && !isTaken(facts, name))
  if (idle.length === 0 && held.length > 0) {
    return notTaken(facts, held)
  }
  if (idle.length === 0) return ok('Queues', `${counted(queues.length, 'queue')}; where jobs wait, a worker serves`)
  const text = `${jobsIn(idle, ({ counts }) => counts.queued)}, where no worker serves.`
  return problem('Queues', text, `Start one: rq-cli worker ${idle.slice(0, MOST_NAMED).map(nameOf).join(' ')}`)
}

export const unknownNames: Check = ({ queues = [] }) =>
  queues.flatMap(({ name, unknown }) =>
    unknown === undefined
      ? []
      : problem(
          'Names',
          `Queue ${visibleName(name)}: ${unknown}`,
          'rq-cli info --json shows which names its workers know.',
        ),
  )

/** Jobs wait where workers serve, and none takes them. */
function notTaken({ workers: all = [] }: Facts, queues: readonly QueueFacts[]): Finding {
  const jobs = jobsIn(queues, ({ counts }) => counts.queued)
  const areRefused = all.some(({ held }) => held.some((one) => queues.some(({ name }) => name === one.queue)))
  return areRefused
    ? problem(
        'Queues',
        `${jobs}, where canClaim of the workers holds jobs back.`,
        'rq-cli info names them; see their logs.',
      )
    : problem(
        'Queues',
        `${jobs}, where all workers are paused.`,
        'rq-cli worker-resume NAME resumes one; rq-cli info names them.',
      )
}

export const overdue: Check = ({ queues = [] }) => {
  const late = queues.filter(({ overdue: found }) => (found?.lateMs ?? 0) > LATE_MS)
  const unled = late.filter(({ overdue: found }) => found?.hasScheduler === false)
  if (unled.length > 0) {
    const advice = `Start a worker, or a scheduler: rq-cli scheduler ${unled.slice(0, MOST_NAMED).map(nameOf).join(' ')}`
    return problem('Due jobs', `Jobs are due, and no scheduler moves them: ${latest(unled)}.`, advice)
  }
  if (late.length === 0) return []
  return warning(
    'Due jobs',
    `A scheduler is behind with jobs that are due: ${latest(late)}.`,
    'Look into the log of the scheduler.',
  )
}

export const broken: Check = ({ queues = [] }) => {
  const found = queues.filter((queue) => queue.broken > 0)
  if (found.length === 0) return []
  return problem(
    'Broken',
    `${jobsIn(found, (queue) => queue.broken)}, which nothing runs.`,
    'rq-cli jobs --status broken says why.',
  )
}

export const cron: Check = (facts) => {
  const queues = facts.cronQueues ?? []
  if (queues.length === 0 || facts.workers === undefined) return []
  const idle = [...new Set(queues)].filter((name) => !isServed(facts, name))
  if (idle.length === 0) return ok('Cron', `${counted(queues.length, 'cron job')}, in queues that are served`)
  const names = idle.map(visibleName)
  const text = `Cron jobs go to queues where no worker serves: ${some(names)}.`
  return problem('Cron', text, `Start one: rq-cli worker ${names.slice(0, MOST_NAMED).join(' ')}`)
}

export const schedules: Check = (facts) => {
  const { schedules: all = [] } = facts
  if (all.length === 0 || facts.workers === undefined) return []
  const late = all.filter(({ lateMs }) => lateMs > LATE_MS)
  if (late.length > 0) {
    const names = some(late.map(({ lateMs, name }) => `${visibleName(name)} since ${shortDuration(lateMs)}`))
    return problem('Schedules', `Their jobs are due, and no scheduler enqueues them: ${names}.`, startFor(late))
  }
  const lacking = all.filter((schedule) => isKnownToNone(facts, schedule))
  if (lacking.length > 0) {
    const names = some(lacking.map(({ funcName, name }) => `${visibleName(name)} (${visibleName(funcName)})`))
    const advice = 'Start a worker that has it, or remove the schedule: rq-cli schedules explain NAME says more.'
    return problem('Schedules', `No worker of their queue knows the job that they enqueue: ${names}.`, advice)
  }
  const unknown = all.filter((schedule) => schedule.unknown !== undefined)
  if (unknown.length > 0) {
    const names = some(
      unknown.map((schedule) => `${visibleName(schedule.name)} (${visibleName(schedule.unknown ?? '')})`),
    )
    const advice = 'Start a worker that has it, or remove the schedule: rq-cli schedules explain NAME says more.'
    return problem('Schedules', `Workers do not know the function of their last job: ${names}.`, advice)
  }
  const idle = all.filter(({ queue }) => !isServed(facts, queue))
  if (idle.length === 0) return ok('Schedules', `${counted(all.length, 'schedule')}, in queues that are served`)
  const names = some(idle.map(({ name }) => visibleName(name)))
  return problem('Schedules', `They belong to queues where no worker serves: ${names}.`, startFor(idle))
}

function startFor(found: readonly ScheduleFacts[]): string {
  const queues = [...new Set(found.map(({ queue }) => visibleName(queue)))]
  return `Start a worker: rq-cli worker ${queues.slice(0, MOST_NAMED).join(' ')}`
}

function isServed({ workers: all = [] }: Facts, name: string): boolean {
  return all.some(({ queues }) => queues.includes(name))
}

/** Whether a schedule enqueues a name, and each worker of its queue shows all its names, without this one. */
function isKnownToNone({ workers: all = [] }: Facts, { funcName, queue }: ScheduleFacts): boolean {
  const serving = all.filter(({ queues }) => queues.includes(queue))
  return (
    serving.length > 0 &&
    !/[.#/]/.test(funcName) &&
    serving.every(({ jobNames, moreJobNames = 0 }) => moreJobNames === 0 && jobNames?.includes(funcName) === false)
  )
}

/** Whether a worker serves the queue that has neither paused it nor holds it back. */
function isTaken({ workers: all = [] }: Facts, name: string): boolean {
  return all.some(
    ({ held, paused, queues }) =>
      queues.includes(name) && !paused.includes(name) && !held.some(({ queue }) => queue === name),
  )
}

/** `3 jobs in mail, low`. */
function jobsIn(queues: readonly QueueFacts[], countOf: (queue: QueueFacts) => number): string {
  return `${counted(
    queues.reduce((sum, queue) => sum + countOf(queue), 0),
    'job',
  )} in ${namesOf(queues)}`
}

function latest(queues: readonly QueueFacts[]): string {
  return some(queues.map((queue) => `${nameOf(queue)} since ${shortDuration(queue.overdue?.lateMs ?? 0)}`))
}

function resumeAll(queues: readonly QueueFacts[]): string {
  return queues
    .slice(0, MOST_NAMED)
    .map((queue) => `rq-cli resume --queue ${nameOf(queue)}`)
    .join('; ')
}

function namesOf(queues: readonly QueueFacts[]): string {
  return some(queues.map(nameOf))
}

function nameOf({ name }: QueueFacts): string {
  return visibleName(name)
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, MOST_NAMED).join(', ')
  return names.length > MOST_NAMED ? `${shown} and ${names.length - MOST_NAMED} more` : shown
}
