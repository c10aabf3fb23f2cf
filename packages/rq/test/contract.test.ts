import { describe, expect, expectTypeOf, it } from 'vitest'
import * as rq from '../src/index.ts'
import {
  Callback,
  type Connection,
  cancelJob,
  Dependency,
  type DurationLike,
  type EnqueueOptions,
  Group,
  getCurrentJob,
  Job,
  type JobStatus,
  job,
  Queue,
  RateLimit,
  type Registry,
  Repeat,
  type Result,
  Retry,
  requeueJob,
  Webhook,
  type When,
} from '../src/index.ts'
import { add, nothing, sayHello } from './functions.ts'

/** Checked by the type checker, never run: what is changed here breaks programs that use rq. */
function unused(check: () => unknown): void {
  void check
}

declare const queue: Queue
declare const handle: Job<number>
declare const connection: Connection
declare const delay: DurationLike
declare const when: When
const where = { connection: 'redis://localhost', prefix: 'rq:' }

describe('what rq exports', () => {
  it('has every name that programs use', () => {
    const values = [
      'Callback',
      'CronScheduler',
      'Schedule',
      'Dependency',
      'DuplicateJobError',
      'Group',
      'Job',
      'JobFailedError',
      'Queue',
      'RateLimit',
      'Registry',
      'Repeat',
      'Result',
      'Retry',
      'RqError',
      'Scheduler',
      'SimpleWorker',
      'TimeoutError',
      'Webhook',
      'Worker',
      'WorkerPool',
      'cancelJob',
      'defineJobs',
      'getCurrentJob',
      'isSuspended',
      'job',
      'jobsClient',
      'ref',
      'requeueJob',
      'resume',
      'sendKillHorseCommand',
      'sendPauseCommand',
      'sendResumeCommand',
      'sendShutdownCommand',
      'sendStopJobCommand',
      'suspend',
    ]
    const exported = new Map<string, unknown>(Object.entries(rq))
    expect(values.filter((name) => typeof exported.get(name) !== 'function')).toEqual([])
    expect(rq.cron.register).toBeTypeOf('function')
  })

  it('has every method of a queue, a job, a group and a registry', () => {
    const methods = (prototype: object, names: string) =>
      names.split(' ').filter((name) => typeof Reflect.get(prototype, name) !== 'function')
    const queueMethods =
      'enqueue enqueueAt enqueueIn enqueueMany createJob enqueueJob count isEmpty getJobIds getJobs fetchJob ' +
      'getJobPosition remove compact empty delete close'
    expect(methods(Queue.prototype, queueMethods)).toEqual([])
    const jobMethods =
      'getStatus isQueued isStarted isFinished isFailed isDeferred isScheduled isStopped isCanceled returnValue ' +
      'latestResult results result refresh save saveMeta getMeta getPosition getExecutions fetchDependencies ' +
      'getDependentIds explain cancel delete requeue stop reschedule'
    expect(methods(Job.prototype, jobMethods)).toEqual([])
    expect(methods(Group.prototype, 'enqueueMany getJobs getJobIds')).toEqual([])
    expect(methods(rq.Registry.prototype, 'count getJobIds contains getExpirationTime remove requeue cleanup')).toEqual(
      [],
    )
    expect(methods(Queue, 'all counts prepareData')).toEqual([])
    expect(methods(Job, 'create fetch fetchMany exists')).toEqual([])
    expect(methods(rq.Scheduler, 'fetch')).toEqual([])
    expect(methods(rq.CronScheduler, 'all fetch')).toEqual([])
    expect(methods(rq.Schedule, 'upsert fetch all sync')).toEqual([])
    expect(methods(rq.Schedule.prototype, 'remove pause resume runNow next history')).toEqual([])
    expect(methods(Group, 'create fetch all')).toEqual([])
    expect(methods(Retry, 'exponential')).toEqual([])
    expect(Queue.prototype[Symbol.asyncDispose]).toBeTypeOf('function')
  })
})

describe('the types of a queue', () => {
  it('are those of its contract', () => {
    unused(() => {
      new Queue()
      new Queue('low', { connection, serializer: 'json', defaultTimeout: '3m', isAsync: false, prefix: '{billing}:' })
      expectTypeOf(queue.enqueueAt(when, add, [1, 2])).resolves.toExtend<Job<number>>()
      expectTypeOf(queue.enqueueIn(delay, add, [1, 2], {})).resolves.toExtend<Job<number>>()
      expectTypeOf(queue.enqueueJob(handle, { atFront: true, pipeline: {} })).resolves.toExtend<Job<number>>()
      expectTypeOf(queue.count()).resolves.toEqualTypeOf<number>()
      expectTypeOf(queue.isEmpty()).resolves.toEqualTypeOf<boolean>()
      expectTypeOf(queue.getJobIds({ offset: 0, length: -1 })).resolves.toEqualTypeOf<string[]>()
      expectTypeOf(queue.getJobs()).resolves.toExtend<Job[]>()
      expectTypeOf(queue.fetchJob<number>('id')).resolves.toExtend<Job<number> | null>()
      expectTypeOf(queue.getJobPosition(handle)).resolves.toEqualTypeOf<number | null>()
      expectTypeOf(queue.getJobPosition('id')).resolves.toEqualTypeOf<number | null>()
      expectTypeOf(queue.empty()).resolves.toEqualTypeOf<number>()
      expectTypeOf(queue.delete({ deleteJobs: true })).resolves.toEqualTypeOf<void>()
      expectTypeOf(queue.startedJobRegistry).toEqualTypeOf<Registry>()
      expectTypeOf(queue.finishedJobRegistry).toEqualTypeOf<Registry>()
      expectTypeOf(queue.failedJobRegistry).toEqualTypeOf<Registry>()
      expectTypeOf(queue.deferredJobRegistry).toEqualTypeOf<Registry>()
      expectTypeOf(queue.scheduledJobRegistry).toEqualTypeOf<Registry>()
      expectTypeOf(queue.canceledJobRegistry).toEqualTypeOf<Registry>()
      expectTypeOf(Queue.all({ connection })).resolves.toEqualTypeOf<Queue[]>()
    })
  })

  it('accept every option in all its forms', () => {
    unused(() => {
      const options: Required<EnqueueOptions> = {
        jobTimeout: 180,
        resultTtl: '500',
        ttl: '1h30m',
        failureTtl: { toMillis: () => 1000 },
        dependsOn: [handle, 'id', new Dependency({ jobs: [handle, 'id'], allowFailure: true, enqueueAtFront: true })],
        jobId: 'id',
        atFront: true,
        description: 'text',
        meta: { a: 1 },
        onSuccess: sayHello,
        onFailure: 'my_package.my_module.my_func',
        onStopped: new Callback(nothing, { timeout: '2m' }),
        retry: new Retry({ max: 3, interval: [1, '2m'], enqueueAtFront: true }),
        repeat: new Repeat({ times: 3, interval: 5 }),
        unique: true,
        rateLimit: new RateLimit({ key: 'k', concurrency: 1 }),
        webhooks: [new Webhook('http://host', 'finished', { method: 'POST', headers: { a: 'b' }, timeout: 5 })],
        kwargs: { ttl: 15 },
        pipeline: {},
      }
      void queue.enqueue(sayHello, [], options)
      void queue.enqueue(sayHello, [], { dependsOn: handle })
      Retry.exponential({ max: 5, base: 1, factor: 3, cap: '1m', jitter: 0.5 })
      new Repeat({ times: 1 })
      new Dependency({ jobs: 'id' })
      new Callback('a.b')
    })
  })
})

describe('the types of a job', () => {
  it('are those of its contract', () => {
    unused(() => {
      expectTypeOf(handle).toExtend<{
        readonly id: string
        readonly origin: string
        readonly funcName: string
        readonly args: readonly unknown[]
        readonly kwargs: Readonly<Record<string, unknown>>
        readonly description: string | undefined
        readonly meta: Record<string, unknown>
        readonly timeout: number | undefined
        readonly resultTtl: number | undefined
        readonly ttl: number | undefined
        readonly failureTtl: number | undefined
        readonly workerName: string | undefined
        readonly groupId: string | undefined
        readonly retriesLeft: number | undefined
        readonly repeatsLeft: number | undefined
        readonly createdAt: Date
        readonly enqueuedAt: Date | undefined
        readonly startedAt: Date | undefined
        readonly endedAt: Date | undefined
        readonly lastHeartbeat: Date | undefined
      }>()
      expectTypeOf(handle.getStatus({ refresh: false })).resolves.toEqualTypeOf<JobStatus>()
      expectTypeOf(handle.isQueued()).resolves.toEqualTypeOf<boolean>()
      expectTypeOf(handle.returnValue()).resolves.toEqualTypeOf<number | undefined>()
      expectTypeOf(handle.latestResult({ timeout: '5s' })).resolves.toEqualTypeOf<Result<number> | null>()
      expectTypeOf(handle.results()).resolves.toEqualTypeOf<Result<number>[]>()
      expectTypeOf(handle.result({ timeout: 25 })).resolves.toEqualTypeOf<number>()
      expectTypeOf(handle.getMeta()).resolves.toEqualTypeOf<Record<string, unknown>>()
      expectTypeOf(handle.getPosition()).resolves.toEqualTypeOf<number | null>()
      expectTypeOf(handle.fetchDependencies()).resolves.toExtend<Job[]>()
      expectTypeOf(handle.getDependentIds()).resolves.toEqualTypeOf<string[]>()
      expectTypeOf(handle.cancel({ enqueueDependents: true, removeFromDependencies: true })).resolves.toBeVoid()
      expectTypeOf(handle.delete({ deleteDependents: true })).resolves.toBeVoid()
      expectTypeOf(handle.requeue({ atFront: true })).resolves.toBeVoid()
      expectTypeOf(handle.stop()).resolves.toBeVoid()
      expectTypeOf(Job.create(add, [1, 2], { connection, jobId: 'id' })).resolves.toExtend<Job<number>>()
      expectTypeOf(Job.fetch<number>('id', { connection })).resolves.toExtend<Job<number>>()
      expectTypeOf(Job.fetchMany(['id'], { connection })).resolves.toExtend<(Job | null)[]>()
      expectTypeOf(Job.exists('id', { connection })).resolves.toEqualTypeOf<boolean>()
      expectTypeOf(cancelJob('id', { connection, enqueueDependents: true })).resolves.toBeVoid()
      expectTypeOf(requeueJob('id', { connection })).resolves.toBeVoid()
      expectTypeOf(getCurrentJob()?.signal).toEqualTypeOf<AbortSignal | undefined>()
    })
  })

  it('of its results are those of their contract', () => {
    unused(() => {
      expectTypeOf<Result<number>>().toExtend<{
        readonly type: 'successful' | 'failed' | 'stopped' | 'retried' | 'max_retries_exceeded'
        readonly createdAt: Date
        readonly returnValue: number | null | undefined
        readonly excString: string | undefined
        readonly workerName: string | undefined
        readonly executionId: string | undefined
        readonly executionStartedAt: Date | undefined
        readonly executionEndedAt: Date | undefined
      }>()
    })
  })
})

describe('the types of groups and decorated functions', () => {
  it('are those of their contract', () => {
    unused(async () => {
      const group = Group.create({ ...where, name: 'g' })
      expectTypeOf(group.enqueueMany('low', [Queue.prepareData(add, [1, 2])])).resolves.toExtend<[Job<number>]>()
      expectTypeOf(group.enqueueMany(queue, [], { pipeline: {} })).resolves.toEqualTypeOf<[]>()
      expectTypeOf(group.getJobs()).resolves.toExtend<Job[]>()
      expectTypeOf(Group.fetch('g', where)).resolves.toExtend<Group>()
      expectTypeOf(Group.all(where)).resolves.toExtend<Group[]>()
      const decorated = job('low', { connection, timeout: 5 })((x: number, y: number) => x + y)
      expectTypeOf(decorated(3, 4)).toEqualTypeOf<number>()
      expectTypeOf(decorated.delay(3, 4)).resolves.toExtend<Job<number>>()
    })
  })
})
