import type { MessageSource, OnDuplicate, UniqueUntil } from '@rq/job'
import fc from 'fast-check'

export const QUEUES = ['q', 'r'] as const
export const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const
export const SCHEDULES = ['s', 't'] as const
/** A job function that returns a Retry allows this many. */
export const RETURNED_RETRIES = 1

/** A job to enqueue: the facts that the rules of a storage turn on. */
export interface JobFacts {
  readonly id: string
  readonly queue: string
  readonly atFront: boolean
  readonly unique: boolean
  /** The job of this id once more, if there is one, instead of another one. */
  readonly again: boolean
  /** Far in the future. */
  readonly scheduled: boolean
  readonly dependencies: readonly string[]
  readonly allowFailure: boolean
  readonly dependencyFront: boolean
  readonly limit: string | undefined
  readonly concurrency: number
  readonly group: string | undefined
  /** A unique key, how long the job holds it, and what it does about another job that holds it. */
  readonly key: string | undefined
  readonly until: UniqueUntil
  readonly held: boolean
  readonly onDuplicate: OnDuplicate
  readonly retries: number
  readonly retryDelayed: boolean
  readonly repeats: number
  readonly repeatDelayed: boolean
  /** -1 = without end, 0 = not at all, else seconds; undefined = as the worker says. */
  readonly resultTtlS: number | undefined
  readonly ttlS: number | undefined
}

/** A plain job of the first queue, except for these facts. */
export function fewFacts(facts: Partial<JobFacts> & { readonly id: string }): JobFacts {
  return {
    queue: QUEUES[0],
    atFront: false,
    unique: false,
    again: false,
    scheduled: false,
    dependencies: [],
    allowFailure: false,
    dependencyFront: false,
    limit: undefined,
    concurrency: 1,
    group: undefined,
    key: undefined,
    until: 'ended',
    held: false,
    onDuplicate: 'return',
    retries: 0,
    retryDelayed: false,
    repeats: 0,
    repeatDelayed: false,
    resultTtlS: undefined,
    ttlS: undefined,
    ...facts,
  }
}

export type StepOutcome = 'returned' | 'raised' | 'stopped' | 'retry' | 'unknown'

/** One step of a sequence. `which` picks among the executions there are. */
export type Step = { readonly kind: string; readonly [fact: string]: unknown } & (
  | { kind: 'enqueue'; jobs: readonly JobFacts[] }
  | { kind: 'begin'; job: JobFacts }
  | { kind: 'claim'; queues: readonly string[]; want: number; isPrefetch: boolean }
  | { kind: 'settle'; which: number; outcome: StepOutcome; thenClaims: boolean }
  | { kind: 'heartbeat'; which: number }
  | { kind: 'give back'; which: number }
  | { kind: 'set aside'; which: number }
  | { kind: 'crash'; queue: string }
  | { kind: 'cancel'; id: string; enqueueDependents: boolean; removeFromDependencies: boolean }
  | { kind: 'delete'; id: string; deleteDependents: boolean }
  | { kind: 'requeue'; id: string; atFront: boolean }
  | { kind: 'promote'; id: string; atFront: boolean }
  | { kind: 'reschedule'; id: string }
  | { kind: 'empty'; queue: string }
  | { kind: 'pause'; queue: string }
  | { kind: 'resume'; queue: string }
  | { kind: 'configure'; queue: string; keepFinished: number | null; keepFailed: number | null }
  | { kind: 'expire'; id: string }
  | { kind: 'schedule'; name: string; job: JobFacts; times: number | undefined }
  | { kind: 'tick'; name: string; id: string | undefined; unlessRunning: boolean }
  | { kind: 'run schedule'; name: string; id: string }
  | { kind: 'unschedule'; name: string }
  | { kind: 'cleanUp' }
  | { kind: 'send'; which: number }
  | { kind: 'post'; id: string }
  | { kind: 'read messages'; id: string; from: MessageSource; after: number | undefined }
)

const queue = fc.constantFrom(...QUEUES)
const id = fc.constantFrom(...IDS)
const rarely = fc.integer({ min: 0, max: 4 }).map((n) => n === 0)
const which = fc.nat(20)
const limitOfEnded = fc.constantFrom(null, 0, 1, 2)

const anyJob: fc.Arbitrary<JobFacts> = fc
  .record({
    id,
    queue,
    atFront: rarely,
    unique: rarely,
    again: rarely,
    scheduled: rarely,
    dependencies: fc.uniqueArray(id, { maxLength: 3 }),
    allowFailure: fc.boolean(),
    dependencyFront: rarely,
    limit: fc.option(fc.constantFrom('k', 'l'), { nil: undefined }),
    group: fc.option(fc.constant('g'), { nil: undefined }),
    key: fc.constantFrom(undefined, undefined, 'u', 'v'),
    until: fc.constantFrom<UniqueUntil[]>('started', 'ended', 'ended', 'deleted'),
    held: rarely,
    onDuplicate: fc.constantFrom<OnDuplicate[]>('return', 'refuse', 'replace'),
    retries: fc.integer({ min: 0, max: 2 }),
    retryDelayed: fc.boolean(),
    repeats: fc.integer({ min: 0, max: 1 }),
    repeatDelayed: fc.boolean(),
    resultTtlS: fc.constantFrom(undefined, 500, 0, -1),
    ttlS: fc.constantFrom(undefined, undefined, undefined, 1000),
  })
  .map((facts) => {
    const dependencies = facts.dependencies.filter((other) => other !== facts.id)
    const concurrency = facts.limit === 'k' ? 1 : 2
    return { ...facts, concurrency, dependencies, dependencyFront: dependencies.length > 0 && facts.dependencyFront }
  })

/** A lone plain job whose id is new has a script of its own. */
const plainJob = fc.record({ id, queue }).map(fewFacts)
const job = fc.oneof({ weight: 3, arbitrary: anyJob }, { weight: 1, arbitrary: plainJob })
const jobs = fc.oneof(fc.array(job, { minLength: 1, maxLength: 3 }), fc.tuple(plainJob))

const schedule = fc.constantFrom(...SCHEDULES)
/** What a schedule enqueues: such a job waits for no other, and has no unique id or key. */
const scheduledJob = anyJob.map((facts) => ({
  ...facts,
  dependencies: [],
  dependencyFront: false,
  unique: false,
  again: false,
  key: undefined,
  scheduled: false,
}))

const outcome: fc.Arbitrary<StepOutcome> = fc.constantFrom(
  'returned',
  'returned',
  'raised',
  'retry',
  'stopped',
  'unknown',
)

const is = <K extends Step['kind']>(kind: K) => fc.constant(kind)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: is('enqueue'), jobs }) },
  // A queue that runs its jobs at once takes no rate limit, and schedules like any other.
  {
    weight: 1,
    arbitrary: fc.record({
      kind: is('begin'),
      job: job.map((facts) => ({ ...facts, limit: undefined, scheduled: false })),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: is('claim'),
      queues: fc.shuffledSubarray([...QUEUES], { minLength: 1 }),
      want: fc.integer({ min: 1, max: 3 }),
      isPrefetch: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: is('settle'), which, outcome, thenClaims: rarely }) },
  { weight: 1, arbitrary: fc.record({ kind: is('heartbeat'), which }) },
  { weight: 1, arbitrary: fc.record({ kind: is('give back'), which }) },
  { weight: 1, arbitrary: fc.record({ kind: is('set aside'), which }) },
  { weight: 2, arbitrary: fc.record({ kind: is('crash'), queue }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: is('cancel'),
      id,
      enqueueDependents: fc.boolean(),
      removeFromDependencies: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: is('delete'), id, deleteDependents: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: is('requeue'), id, atFront: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: is('promote'), id, atFront: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: is('reschedule'), id }) },
  { weight: 1, arbitrary: fc.record({ kind: is('empty'), queue }) },
  { weight: 1, arbitrary: fc.record({ kind: is('pause'), queue }) },
  { weight: 2, arbitrary: fc.record({ kind: is('resume'), queue }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: is('configure'), queue, keepFinished: limitOfEnded, keepFailed: limitOfEnded }),
  },
  { weight: 3, arbitrary: fc.record({ kind: is('expire'), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: is('schedule'),
      name: schedule,
      job: scheduledJob,
      times: fc.constantFrom(undefined, 1, 2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: is('tick'),
      name: schedule,
      id: fc.option(id, { nil: undefined }),
      unlessRunning: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: is('run schedule'), name: schedule, id }) },
  { weight: 1, arbitrary: fc.record({ kind: is('unschedule'), name: schedule }) },
  { weight: 1, arbitrary: fc.record({ kind: is('cleanUp') }) },
  { weight: 3, arbitrary: fc.record({ kind: is('send'), which }) },
  { weight: 2, arbitrary: fc.record({ kind: is('post'), id }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: is('read messages'),
      id,
      from: fc.constantFrom<MessageSource[]>('job', 'job', 'outside'),
      after: fc.constantFrom(undefined, 0, 1),
    }),
  },
) as fc.Arbitrary<Step>

export const sequences: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 4, maxLength: 22, size: 'max' })
