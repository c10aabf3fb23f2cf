import { type ExplanationFacts, type JobStatus, readiness } from '@rq/job'

/**
 * Why a job is where it is:
 * - `running`, `over`: there is nothing to wait for;
 * - `queued`: it runs when those before it have; `no_worker`, `suspended`, `paused`: it is queued, and nobody takes jobs from there;
 * - `time`, `jobs`, `slot`: it waits for its time, for other jobs to end, for a slot of its rate limit;
 * - `blocked`: a job that it waits for ended in a way that never lets it go on;
 * - `forgotten`: nothing will ever start it, because what would have is gone;
 * - `new`: it was created, and not enqueued.
 */
export type ExplanationCode =
  | 'running'
  | 'over'
  | 'queued'
  | 'no_worker'
  | 'suspended'
  | 'paused'
  | 'time'
  | 'jobs'
  | 'slot'
  | 'blocked'
  | 'forgotten'
  | 'new'

/** Why a job is not running, for programs and for people. */
export interface Explanation {
  readonly status: JobStatus
  readonly code: ExplanationCode
  /** One or two sentences: what it waits for, and where somebody must act, what to do. */
  readonly text: string
  /** Jobs that it waits for and that have not ended. */
  readonly waitingFor: readonly string[]
  /** Jobs that never let it go on unless somebody acts. */
  readonly blockedBy: readonly string[]
}

const MOST_NAMED = 5

/** What the facts mean. Pure. */
export function explain(facts: ExplanationFacts): Explanation {
  const { record, dependencies } = facts
  const { status } = record
  const ready = readiness(dependencies, record.allowDependencyFailures ?? false)
  const isWaiting = status === 'deferred' || status === 'scheduled'
  const [code, text] = reason(facts)
  return {
    status,
    code,
    text,
    waitingFor: isWaiting ? ready.waitingFor : [],
    blockedBy: isWaiting ? ready.blockedBy : [],
  }
}

function reason(facts: ExplanationFacts): [ExplanationCode, string] {
  const { record } = facts
  switch (record.status) {
    case 'created':
      return ['new', 'It was created, and not enqueued: queue.enqueueJob(job) does that.']
    case 'started':
      return ['running', `It runs in the worker ${record.workerName ?? '(unknown)'}.`]
    case 'queued':
      return queuedReason(facts)
    case 'scheduled':
      return scheduledReason(facts)
    case 'deferred':
      return deferredReason(facts)
    case 'rate_limited':
      return slotReason(facts)
    case 'ready_to_enqueue':
      return ['queued', 'The jobs it waited for are done, and it is about to be queued.']
    case 'failed':
    case 'stopped':
      return ['over', `It has ${record.status === 'failed' ? 'failed' : 'been stopped'}; job.requeue() runs it again.`]
    case 'finished':
    case 'canceled':
      return ['over', `It is ${record.status}; queue.enqueueJob(job) runs it again.`]
  }
}

function queuedReason({ paused, position, record, suspended, workers }: ExplanationFacts): [ExplanationCode, string] {
  const { origin } = record
  if (position === null) {
    return [
      'forgotten',
      `It is queued, but not in the queue ${origin}: somebody took it out. Enqueue it again or delete it.`,
    ]
  }
  const place =
    position === 0 ? `It is the next one in the queue ${origin}` : `${count(position, 'job')} before it in ${origin}`
  if (suspended) return ['suspended', `${place}. All workers are suspended: they take no jobs until resume().`]
  if (paused) return ['paused', `${place}. The queue is paused: no worker takes jobs from it until queue.resume().`]
  if (workers === 0) return ['no_worker', `${place}. No worker listens to ${origin}: start one.`]
  return ['queued', `${place}; ${count(workers, 'worker')} ${workers === 1 ? 'listens' : 'listen'} there.`]
}

function scheduledReason({ dueMs, record }: ExplanationFacts): [ExplanationCode, string] {
  if (dueMs === undefined) {
    return [
      'forgotten',
      `It is scheduled, but without a time: somebody took it out of the registry of ${record.origin}.`,
    ]
  }
  const due = new Date(dueMs).toISOString()
  const others = record.dependencyIds === undefined ? '' : ' Then it waits for its dependencies.'
  return [
    'time',
    `It is due at ${due}; a worker with a scheduler, or a scheduler, puts it into ${record.origin} then.${others}`,
  ]
}

function deferredReason({ dependencies, record, releasing }: ExplanationFacts): [ExplanationCode, string] {
  if (releasing) return ['queued', 'The jobs it waited for are done, and it is one of many that are being queued.']
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
  const why = dependencies.some(({ status }) => status === undefined)
    ? 'a job that it waited for was deleted or has expired'
    : 'the jobs that it waited for are done, and nobody told it'
  return ['forgotten', `Nothing starts it any more: ${why}. queue.enqueueJob(job) runs it.`]
}

function slotReason({ record, slotHolders, waitingBefore }: ExplanationFacts): [ExplanationCode, string] {
  const { key = '', concurrency = 0 } = record.rateLimit ?? {}
  if (waitingBefore === null) {
    return [
      'forgotten',
      `It waits for a slot of the rate limit ${key}, which has forgotten it. Enqueue it again or delete it.`,
    ]
  }
  const before = waitingBefore === 0 ? 'it is the next one' : `${count(waitingBefore, 'job')} before it`
  return ['slot', `All ${concurrency} slots of the rate limit ${key} are taken, by ${named(slotHolders)}; ${before}.`]
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`
}

function named(ids: readonly string[]): string {
  const shown = ids.slice(0, MOST_NAMED).join(', ')
  return ids.length > MOST_NAMED ? `${shown} and ${ids.length - MOST_NAMED} more` : shown
}
