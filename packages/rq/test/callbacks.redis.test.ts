import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Callback, Dependency, Job, Retry, SimpleWorker } from '../src/index.ts'
import {
  divByZero,
  forever,
  noted,
  nothing,
  onFailure,
  onStopped,
  onSuccess,
  retryLater,
  sayHello,
  throwing,
  untilStopped,
} from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('callbacks', () => {
  it('are stored by name, with a timeout of 60 s by default', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(sayHello, [], {
      onSuccess,
      onFailure: new Callback('./packages/rq/test/functions#onFailure', { timeout: 10 }),
      onStopped: new Callback(onStopped, { timeout: '2m' }),
    })
    const hash = await at.redis.client.hgetall(at.key(`job:${job.id}`))
    expect(hash).toMatchObject({
      success_callback_name: './packages/rq/test/functions#onSuccess',
      success_callback_timeout: '60',
      failure_callback_name: './packages/rq/test/functions#onFailure',
      failure_callback_timeout: '10',
      stopped_callback_timeout: '120',
    })
    const later = await at.queue.enqueueIn(60, sayHello, [], { onSuccess })
    expect(await at.redis.client.hget(at.key(`job:${later.id}`), 'success_callback_name')).toContain('#onSuccess')
    await expect(at.queue.enqueue(sayHello, [], { onSuccess: 7 as never })).rejects.toThrow('Invalid onSuccess')
    await expect(at.queue.enqueue(sayHello, [], { onFailure: () => {} })).rejects.toThrow(/no module exports/)
  })

  it('onSuccess gets the return value, and is called only after a success', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(sayHello, ['Ada'], { onSuccess, onFailure })
    await at.work()
    expect(noted).toEqual([['success', job.id, 'finished', 'object', 'Hi there, Ada!']])
  })

  it('onFailure gets the class, message and trace of the error', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { onSuccess, onFailure })
    await at.work()
    expect(noted[0]).toEqual(['failure', job.id, 'failed', 'object', 'RangeError', 'division by zero'])
    expect(noted[1]).toContain('functions.ts')
    expect(noted).toHaveLength(2)
  })

  it('fail the job when onSuccess throws, and its dependents wait', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(nothing, [], { onSuccess: throwing, onFailure })
    const child = await at.queue.enqueue(nothing, [], { dependsOn: job })
    const tolerant = await at.queue.enqueue(nothing, [], {
      dependsOn: new Dependency({ jobs: job, allowFailure: true }),
    })
    await at.work()
    expect(await job.getStatus()).toBe('failed')
    expect((await job.latestResult())?.excString).toContain('TypeError: the callback broke')
    expect(noted[0]).toEqual(['failure', job.id, 'failed', 'object', 'TypeError', 'the callback broke'])
    expect(await child.getStatus()).toBe('deferred')
    expect(await tolerant.getStatus()).toBe('finished')
  })

  it('add the error of onFailure when that throws', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { onFailure: throwing })
    await at.work()
    expect(await job.getStatus()).toBe('failed')
    const text = (await job.latestResult())?.excString
    expect(text).toContain('TypeError: the callback broke')
    expect(text).toContain('RangeError: division by zero')
  })

  it('end at their own timeout', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(nothing, [], { onSuccess: new Callback(forever, { timeout: 1 }) })
    await at.work()
    expect(await job.getStatus()).toBe('failed')
    expect((await job.latestResult())?.excString).toContain('maximum timeout value (1 seconds)')
  })

  it('onStopped is called only after a stop', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(untilStopped, [], {
      onSuccess,
      onFailure,
      onStopped,
      retry: new Retry({ max: 3 }),
    })
    const child = await at.queue.enqueue(nothing, [], { dependsOn: new Dependency({ jobs: job, allowFailure: true }) })
    const worker = new SimpleWorker('default', at.where)
    const working = worker.work({ burst: true })
    await eventually(async () => {
      if (await job.isStarted()) await job.stop()
      return job.isStopped()
    })
    await working
    expect(await job.getStatus()).toBe('stopped')
    expect(noted).toEqual([['stopped', job.id, 'stopped', 'object']])
    expect(await child.getStatus()).toBe('deferred')
    expect(await at.queue.failedJobRegistry.getJobIds()).toEqual([job.id])
    expect(await job.latestResult()).toMatchObject({ excString: 'Job stopped by user, work-horse terminated.' })
  })
})

describe('a queue with isAsync: false', () => {
  it('runs the job at once, with callbacks, results and registries', async () => {
    await using at = await rqFixture()
    const queue = at.open('sync', { isAsync: false })
    expect(queue.isAsync).toBe(false)
    const job = await queue.enqueue(sayHello, ['Ada'], { onSuccess, onFailure })
    expect(await job.getStatus({ refresh: false })).toBe('finished')
    expect(await job.getStatus()).toBe('finished')
    expect(await job.returnValue()).toBe('Hi there, Ada!')
    expect(noted).toEqual([['success', job.id, 'finished', 'object', 'Hi there, Ada!']])
    expect(job.workerName).toBe('sync')
    expect(await queue.finishedJobRegistry.getJobIds()).toEqual([job.id])
    expect(await queue.count()).toBe(0)
  })

  it('stores a failure, and throws the error of the failure callback to the caller', async () => {
    await using at = await rqFixture()
    const queue = at.open('sync', { isAsync: false })
    const job = await queue.enqueue(divByZero, [], { onFailure })
    expect(await job.getStatus()).toBe('failed')
    expect(noted[0]).toEqual(['failure', job.id, 'failed', 'object', 'RangeError', 'division by zero'])
    expect(await queue.failedJobRegistry.getJobIds()).toEqual([job.id])
    await expect(queue.enqueue(divByZero, [], { onFailure: throwing, jobId: 'bad' })).rejects.toThrow(
      'the callback broke',
    )
    expect(await (await Job.fetch('bad', at.shared)).getStatus()).toBe('failed')
  })

  it('neither retries nor repeats, ends jobs at their timeout, and leaves scheduled ones to a scheduler', async () => {
    await using at = await rqFixture()
    const queue = at.open('sync', { isAsync: false })
    const failing = await queue.enqueue(divByZero, [], { retry: new Retry({ max: 3 }) })
    expect(await failing.getStatus()).toBe('failed')
    expect(await (await queue.enqueue(retryLater, [3, 0])).getStatus()).toBe('failed')
    const slow = await queue.enqueue(untilStopped, [], { jobTimeout: 1 })
    expect((await slow.latestResult())?.excString).toContain('JobTimeoutError')
    const later = await queue.enqueueIn(60, sayHello)
    expect(await later.getStatus()).toBe('scheduled')
  })
})
