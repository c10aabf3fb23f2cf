import { oneLine, SECOND_MS } from '@rq/core'
import {
  attemptOf,
  type ExplanationFacts,
  isTerminal,
  type JobRecord,
  type JobStatus,
  maxAttemptsOf,
  readiness,
} from '@rq/job'

/**
 * Why a job is not running:
 * - `running`, `over`: it is running, or has ended;
 * - `queued`: it runs after the jobs before it;
 * - `unknown_function`: it is queued, but no worker of its queue knows the job by that name;
 * - `no_worker`, `suspended`, `paused`, `workers_paused`, `workers_held`: it is queued, but no worker claims it: there
 *   is none, all are suspended, the queue is paused, each of its workers is, or their `canClaim` holds the queue back;
 * - `time`, `jobs`, `slot`: it waits for its due time, for other jobs to end, for a slot of its rate limit;
 * - `no_scheduler`: it waits for its due time, or that is past, and no scheduler moves due jobs into its queue;
 * - `blocked`: a job that it waits for ended without success, and never releases it;
 * - `released`: no other job holds it back any more, and the maintenance of a worker queues it;
 * - `forgotten`: nothing will ever start it, because its entry in a queue or registry is missing;
 * - `new`: it was created, but not enqueued.
 */
export type ExplanationCode =
  | 'running'
  | 'over'
  | 'queued'
  | 'no_worker'
  | 'unknown_function'
  | 'suspended'
  | 'paused'
  | 'workers_paused'
  | 'workers_held'
  | 'time'
  | 'no_scheduler'
  | 'jobs'
  | 'slot'
  | 'blocked'
  | 'released'
  | 'forgotten'
  | 'broken'
  | 'new'

/** Why a job is not running, as a code and as text. */
export interface Explanation {
  readonly status: JobStatus
  readonly code: ExplanationCode
  /** One or two sentences: what the job waits for, and what to do if it needs help. */
  readonly text: string
  /** Ids of dependencies that have not ended. */
  readonly waitingFor: readonly string[]
  /** Ids of dependencies that ended without success: they hold the job until they are requeued, deleted or canceled. */
  readonly blockedBy: readonly string[]
}

const MOST_NAMED = 5

const RESUME = 'Resume with worker.resume(), or rq-cli worker-resume.'

/**
 * Explain the facts. Pure.
 * @param unknownName - the name of its function, when no worker of its queue knows that.
 */
export function explain(facts: ExplanationFacts, unknownName?: string): Explanation {
  const { record, dependencies } = facts
  const { status } = record
  const ready = readiness(dependencies, record.allowDependencyFailures ?? false)
  const isWaiting = status === 'deferred' || status === 'scheduled'
  const [code, why] = reason(facts, unknownName)
  const text = isTerminal(status) ? why : `${why}${keyText(record)}`
  return {
    status,
    code,
    text: isTerminal(status) ? text : `${text}${attemptNote(record)}${returnNote(facts)}`,
    waitingFor: isWaiting ? ready.waitingFor : [],
    blockedBy: isWaiting ? ready.blockedBy : [],
  }
}

/** Of a job that was tried before. */
function attemptNote(record: JobRecord): string {
  const attempt = attemptOf(record)
  return attempt === 1 ? '' : ` This is attempt ${attempt} of ${maxAttemptsOf(record)}.`
}

/** Of a job that workers have returned, since their builds do not have its function. */
function returnNote({ dueMs, nowMs, record }: ExplanationFacts): string {
  const { returnedMs = 0, returnForMs = 0, status, workerName } = record
  if (returnedMs <= 0 || status === 'started') return ''
  // The pauses so far count up to the time when it is due.
  const untilMs = Math.max(dueMs ?? nowMs, nowMs) + Math.max(returnForMs - returnedMs, 0)
  const by = workerName === undefined ? 'a worker' : `the worker ${workerName}`
  return ` It was returned by ${by}, whose build does not have its function; if no worker has it, it fails at about ${new Date(untilMs).toISOString()}.`
}

function reason(facts: ExplanationFacts, unknownName: string | undefined): [ExplanationCode, string] {
  const { record } = facts
  switch (record.status) {
    case 'created':
      return ['new', 'It was created, but not enqueued. Call queue.enqueueJob(job).']
    case 'started':
      if (facts.refusal !== undefined) return brokenReason(facts.refusal)
      return ['running', `It is running in the worker ${record.workerName ?? '(unknown)'}.`]
    case 'queued':
      return queuedReason(facts, unknownName)
    case 'scheduled':
      return scheduledReason(facts)
    case 'deferred':
      return deferredReason(facts)
    case 'rate_limited':
      return slotReason(facts)
    case 'ready_to_enqueue':
      return ['queued', 'Its dependencies are done, and it is about to be queued.']
    case 'failed':
    case 'stopped':
      return ['over', `It has ${record.status === 'failed' ? 'failed' : 'been stopped'}; job.requeue() runs it again.`]
    case 'finished':
    case 'canceled':
      return ['over', `It is ${record.status}; queue.enqueueJob(job) runs it again.`]
  }
}

function brokenReason(refusal: string): [ExplanationCode, string] {
  const advice = 'When that is mended, queue.enqueueJob(job) runs it again; or delete it.'
  return ['broken', `It has run, but the store refused its end, so nothing runs it any more: ${refusal}. ${advice}`]
}

function queuedReason(facts: ExplanationFacts, unknownName: string | undefined): [ExplanationCode, string] {
  const { heldBy, paused, pausedWorkers, position, record, suspended, workers } = facts
  const { origin } = record
  if (position === null) {
    return [
      'forgotten',
      `Its status is queued, but it is not in the queue ${origin}: it was removed. Enqueue it again or delete it.`,
    ]
  }
  const place =
    position === 0 ? `It is next in the queue ${origin}` : `${count(position, 'job')} before it in the queue ${origin}`
  if (suspended) return ['suspended', `${place}. All workers are suspended until resume().`]
  if (paused) return ['paused', `${place}. The queue is paused until queue.resume().`]
  if (workers === 0) return ['no_worker', `${place}. No worker serves the queue: start one.`]
  if (unknownName !== undefined) {
    const none = `No worker of the queue knows the job ${oneLine(unknownName)}`
    return ['unknown_function', `${place}. ${none}: start one that has it among its jobs, before another fails it.`]
  }
  const serving = `${count(workers, 'worker')} ${workers === 1 ? 'serves' : 'serve'} the queue`
  if (heldBy.length > 0) return heldReason(facts, `${place}; ${serving}`)
  if (pausedWorkers === 0) return ['queued', `${place}; ${serving}.`]
  if (pausedWorkers < workers) {
    const some = `${pausedWorkers} of them ${pausedWorkers === 1 ? 'is' : 'are'} paused`
    return ['queued', `${place}; ${serving}, and ${some}. ${RESUME}`]
  }
  return ['workers_paused', `${place}; ${serving}, and ${workers === 1 ? 'it is' : 'all are'} paused. ${RESUME}`]
}

/** Where the `canClaim` of at least one worker holds the queue back. */
function heldReason({ heldBy, pausedWorkers, workers }: ExplanationFacts, serving: string): [ExplanationCode, string] {
  const named = heldBy.slice(0, MOST_NAMED).map(({ reason, sinceMs, worker }) => {
    const since = `since ${new Date(sinceMs).toISOString()}`
    return `the canClaim of the worker ${oneLine(worker)} ${reason === 'no' ? `has said no ${since}` : `has failed ${since}, see its log`}`
  })
  const more = heldBy.length > MOST_NAMED ? [`that of ${heldBy.length - MOST_NAMED} more holds it back`] : []
  const some = pausedWorkers === 0 ? [] : [`${pausedWorkers} of them ${pausedWorkers === 1 ? 'is' : 'are'} paused`]
  const isAll = pausedWorkers + heldBy.length >= workers
  const advice = pausedWorkers === 0 ? '' : ` ${RESUME}`
  return [isAll ? 'workers_held' : 'queued', `${serving}; ${[...named, ...more, ...some].join('; ')}.${advice}`]
}

function scheduledReason(facts: ExplanationFacts): [ExplanationCode, string] {
  const { dueMs, hasScheduler, nowMs, record, workers } = facts
  if (dueMs === undefined) {
    return [
      'forgotten',
      `Its status is scheduled, but it has no due time: it was removed from the registry of ${record.origin}.`,
    ]
  }
  const { origin } = record
  const late = Math.floor((nowMs - dueMs) / SECOND_MS)
  const at = new Date(dueMs).toISOString()
  const due = late > 0 ? `It was due at ${at}, ${late} s ago` : `It is due at ${at}`
  const others = record.dependencyIds === undefined ? '' : ' Then it waits for its dependencies.'
  if (hasScheduler) {
    const moved = late > 0 ? `a scheduler has not moved it to ${origin} yet` : `a scheduler moves it to ${origin} then`
    return ['time', `${due}; ${moved}.${others}${workers === 0 ? ' No worker serves the queue: start one.' : ''}`]
  }
  const who = workers === 0 ? 'no worker serves the queue' : 'the workers of the queue run no scheduler'
  return [
    'no_scheduler',
    `${due}, but nobody moves it to ${origin}: ${who}. Start a worker or a scheduler for it.${others}`,
  ]
}

function deferredReason({ dependencies, record, releasing, workers }: ExplanationFacts): [ExplanationCode, string] {
  if (releasing) return ['queued', 'Its dependencies are done, and it is one of many jobs that are being queued.']
  const allowFailure = record.allowDependencyFailures ?? false
  const { blockedBy, waitingFor } = readiness(dependencies, allowFailure)
  if (blockedBy.length > 0) {
    const ended = dependencies.filter(({ id }) => blockedBy.includes(id))
    const how = [...new Set(ended.map(({ status }) => status))].join(', ')
    const advice = 'Requeue what failed, cancel it with enqueueDependents, or cancel or delete this job.'
    return [
      'blocked',
      `It waits for ${named(blockedBy)}, which ${blockedBy.length === 1 ? 'is' : 'are'} ${how}. ${advice}`,
    ]
  }
  if (waitingFor.length > 0) return ['jobs', `It waits for ${named(waitingFor)} to end.`]
  const isGone = dependencies.some(({ status }) => status === undefined)
  const why = isGone ? 'what it waited for has ended, or is gone' : 'what it waited for has ended'
  const by = workers === 0 ? 'a worker, once one serves the queue,' : 'a worker'
  return [
    'released',
    `Nothing holds it back: ${why}. The maintenance of ${by} puts it into ${record.origin}; queue.enqueueJob(job) at once.`,
  ]
}

function slotReason({ record, slotHolders, waitingBefore }: ExplanationFacts): [ExplanationCode, string] {
  const { key = '', concurrency = 0 } = record.rateLimit ?? {}
  if (waitingBefore === null) {
    return [
      'forgotten',
      `It waits for a slot of the rate limit ${key}, but is not in its line. Enqueue it again or delete it.`,
    ]
  }
  const before = waitingBefore === 0 ? 'it is next' : `${count(waitingBefore, 'job')} before it`
  return ['slot', `All ${concurrency} slots of the rate limit ${key} are taken, by ${named(slotHolders)}; ${before}.`]
}

/** What a job with a unique key keeps from being enqueued until it has ended. */
function keyText({ origin, status, unique }: JobRecord): string {
  if (unique === undefined || (unique.until === 'started' && status === 'started')) return ''
  const until = { started: 'it starts', ended: 'it ends', deleted: 'it is deleted' }[unique.until]
  return ` Until ${until}, it holds the key "${oneLine(unique.key)}" of the queue ${origin}.`
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}

function named(ids: readonly string[]): string {
  const shown = ids.slice(0, MOST_NAMED).join(', ')
  return ids.length > MOST_NAMED ? `${shown} and ${ids.length - MOST_NAMED} more` : shown
}
