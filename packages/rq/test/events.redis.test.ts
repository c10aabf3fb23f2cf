import { randomBytes } from 'node:crypto'
import { eventually } from '@rq/testkit'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  aesCodec,
  type Job,
  type JobEndEvent,
  type JobEndEventName,
  type JobEvent,
  type QueueEvent,
  type QueueEventName,
  Retry,
  SimpleWorker,
} from '../src/index.ts'
import { add, divByZero, echo, failTimes, remember } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('queue.on', () => {
  it('delivers events of jobs in another process, once it listens', async () => {
    await using test = await rqFixture()
    const other = test.open('other')
    const heard: QueueEvent[] = []
    for (const name of ['job:started', 'job:finished', 'job:failed', 'job:retried'] as const) {
      test.queue.on(name, (event) => heard.push(event))
    }
    await test.queue.listening()
    const worker = new SimpleWorker(['default', 'other'], { ...test.where, name: 'ann' })
    const started = new Promise((resolve) => worker.once('worker:started', resolve))
    const working = worker.work()
    await started
    // The worker knows of the listener once an event has arrived.
    await eventually(async () => {
      await test.queue.enqueue(add, [1, 2], { resultTtl: 0 })
      return heard.length > 0
    })
    await eventually(async () => (await test.queue.count()) === 0)
    const names = (jobId: string) => heard.filter((event) => event.jobId === jobId).map(({ name }) => name)
    await other.enqueue(add, [1, 2], { jobId: 'elsewhere' })
    await test.queue.enqueue(divByZero, [], { jobId: 'bad', retry: new Retry({ max: 1 }) })
    await test.queue.enqueue(add, [1, 2], { jobId: 'good' })
    await eventually(() => {
      expect(names('bad')).toEqual(['job:started', 'job:retried', 'job:started', 'job:failed'])
      expect(names('good')).toEqual(['job:started', 'job:finished'])
    })
    expect(names('elsewhere')).toEqual([])
    const last = heard.find(({ name, jobId }) => jobId === 'good' && name === 'job:finished')
    expect(last).toMatchObject({ queue: 'default', workerName: 'ann', executionId: expect.stringMatching(/^\w{20}$/) })
    expect(Math.abs((last?.atMs ?? 0) - Date.now())).toBeLessThan(60_000)
    await worker.stop()
    await working
  })

  it('is typed, and off removes a listener', async () => {
    await using test = await rqFixture()
    const listener = (event: QueueEvent) => expectTypeOf(event.jobId).toBeString()
    for (const name of ['job:started', 'job:failed'] as const) test.queue.on(name, listener).off(name, listener)
    test.queue.on('job:started' as QueueEventName, (event) => expectTypeOf(event).toEqualTypeOf<QueueEvent>())
    // @ts-expect-error There is no such event.
    expect(test.queue.on('job:vanished', listener).off('job:vanished', listener)).toBe(test.queue)
    await test.queue.listening()
  })

  it('rejects when it cannot listen', async () => {
    await using test = await rqFixture()
    const queue = test.open('away', { connection: 'redis://127.0.0.1:1' })
    queue.on('job:finished', () => {})
    await expect(queue.listening()).rejects.toMatchObject({ code: 'RQ_REDIS_UNREACHABLE' })
  })

  it('reads the job of an event when it is asked for, with the codec of the queue; null when it is gone', async () => {
    await using test = await rqFixture()
    const codec = aesCodec({ keys: { k1: randomBytes(32) }, active: 'k1' })
    const queue = test.open('coded', { codec })
    const heard: QueueEvent[] = []
    await queue.on('job:finished', (event) => heard.push(event)).listening()
    const worker = new SimpleWorker('coded', { ...test.where, codec })
    const working = worker.work()
    const when = new Date(0)
    await eventually(async () => {
      await queue.enqueue(echo, [1], { resultTtl: 0 })
      return heard.length > 0
    })
    const [first] = heard
    expect(await first?.fetchJob()).toBeNull()
    expect(JSON.parse(JSON.stringify(first))).toEqual({ ...first })
    await queue.enqueue(echo, [when], { jobId: 'kept', meta: { when } })
    const find = () => heard.find(({ jobId }) => jobId === 'kept')
    await eventually(() => find() !== undefined)
    const job = await find()?.fetchJob<Date>()
    expect(job).toMatchObject({ id: 'kept', args: [when], meta: { when } })
    expect(await job?.returnValue()).toEqual(when)
    await worker.stop()
    await working
  })
})

describe('worker.on', () => {
  it('gives the job of an event with its arguments and meta, and its end', async () => {
    await using test = await rqFixture()
    const when = new Date(0)
    await test.queue.enqueue(echo, [when], { jobId: 'good', description: 'to ann', meta: { when } })
    await test.queue.enqueue(failTimes, [1, 'once'], { jobId: 'bad', retry: new Retry({ max: 1 }) })
    const worker = new SimpleWorker('default', test.where)
    const heard: JobEvent[] = []
    const ends = ['job:finished', 'job:failed', 'job:retried', 'job:repeated', 'job:stopped'] as const
    for (const name of ['job:started', ...ends] as const) worker.on(name, (event) => heard.push(event))
    await worker.work({ burst: true, withScheduler: false })
    const seen = heard.map(({ name, job }) => [name, job.id, job.toJSON().status, job.attempt])
    expect(seen).toEqual([
      ['job:started', 'good', 'started', 1],
      ['job:finished', 'good', 'finished', 1],
      ['job:started', 'bad', 'started', 1],
      ['job:retried', 'bad', 'queued', 2],
      ['job:started', 'bad', 'started', 2],
      ['job:finished', 'bad', 'finished', 2],
    ])
    const [started, finished] = heard
    expect(finished?.job).toMatchObject({ args: [when], meta: { when }, description: 'to ann' })
    expect(finished?.job).toBe(finished?.job)
    expect(finished?.job).not.toBe(started?.job)
    expect([started?.job.endedAt, finished?.job.endedAt]).toEqual([undefined, expect.any(Date)])
  })

  it('gives a job whose methods ask the store', async () => {
    await using test = await rqFixture()
    await test.queue.enqueue(remember, [], { jobId: 'one' })
    const worker = new SimpleWorker('default', test.where)
    const read = new Promise((resolve, reject) => {
      worker.on('job:finished', async ({ job }) => {
        const before = { ...job.meta }
        const returned = await job.result().catch(reject)
        await job.refresh().catch(reject)
        resolve([before, job.meta, returned])
      })
    })
    const working = worker.work()
    expect(await read).toEqual([{}, { seen: 'one' }, null])
    await worker.stop()
    await working
  })

  it('says where to read what a codec has encoded', async () => {
    await using test = await rqFixture()
    const codec = aesCodec({ keys: { k1: randomBytes(32) }, active: 'k1' })
    const queue = test.open('coded', { codec })
    await queue.enqueue(echo, ['secret'], { jobId: 'one', meta: { secret: true } })
    const worker = new SimpleWorker('coded', { ...test.where, codec })
    const ended = new Promise<JobEndEvent>((resolve) => worker.on('job:finished', resolve))
    await worker.work({ burst: true, withScheduler: false })
    const { job, jobId } = await ended
    expect(() => job.args).toThrow(
      "Cannot read what a codec has encoded of job one: the worker's own process does not decode it. " +
        'Fetch the job with a queue that has the codec: await queue.fetchJob(jobId).',
    )
    expect([job.id, job.origin, job.attempt, Object.keys(job.meta)]).toEqual(['one', 'coded', 1, ['unserialized']])
    expect(await queue.fetchJob(jobId)).toMatchObject({ args: ['secret'], meta: { secret: true } })
  })

  it('takes one of several names', () => {
    const worker = new SimpleWorker('default', { connection: 'redis://127.0.0.1:1' })
    for (const name of ['job:failed', 'job:stopped'] as const) {
      worker.on(name, ({ job, settlement }) => {
        expectTypeOf(job).toEqualTypeOf<Job>()
        expectTypeOf(settlement.to).toExtend<string>()
      })
    }
    const listener = ({ name }: JobEvent) => expectTypeOf(name).toExtend<string>()
    const ofEnds = (name: JobEndEventName) => worker.on(name, listener).once(name, listener).off(name, listener)
    for (const name of ['job:finished', 'lease_lost', 'job:retried'] as const) worker.on(name, listener)
    worker.on('worker:suspended', () => {})
    // @ts-expect-error There is no such event.
    worker.on('job:ended', listener)
    // @ts-expect-error An event that has begun has no settlement.
    for (const name of ['job:started', 'job:failed'] as const) worker.on(name, ({ settlement }) => settlement)
    expect(ofEnds('job:finished')).toBe(worker)
  })
})
