import { randomBytes } from 'node:crypto'
import { type Fault, faultProxy, patience } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { aesCodec, Queue, SimpleWorker, type WorkerOptions } from '../src/index.ts'
import { add, divByZero, echo, largeText, nothing, retryLater } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

const timeout = patience(60)
/** A result that does not fit into a notice. */
const LONG = 'é'.repeat(5000)

/** A worker that works until the end of the test. */
function working({ where }: RqFixture, options: WorkerOptions = {}, queues = ['default']): AsyncDisposable {
  const worker = new SimpleWorker(queues, { ...where, leaseMs: 5000, ...options })
  const ended = worker.work({ withScheduler: true })
  return {
    async [Symbol.asyncDispose]() {
      await worker.stop()
      await ended
    },
  }
}

describe('enqueueAndWait', () => {
  it('returns what the function returned', async () => {
    await using at = await rqFixture()
    await using _worker = working(at)
    const sum: number = await at.queue.enqueueAndWait(add, [1, 2])
    expect(sum).toBe(3)
    expect(await at.queue.enqueueAndWait(nothing)).toBeNull()
    expect(await at.queue.enqueueAndWait(echo, [LONG], { timeout })).toBe(LONG)
    expect(await at.queue.enqueueAndWait(retryLater, [0, 0]).catch((error: Error) => error.name)).toBe('JobFailedError')
  })

  it('is one call, and so are several of one moment', async () => {
    await using at = await rqFixture()
    await using proxy = await faultProxy(at.redis.url)
    await using queue = new Queue('default', { connection: proxy.url, prefix: at.redis.prefix })
    await using _worker = working(at)
    await queue.enqueueAndWait(add, [1, 1], { timeout })
    const before = proxy.commands.length
    expect(await queue.enqueueAndWait(add, [1, 2], { timeout })).toBe(3)
    const sums = Array.from({ length: 20 }, (_, n) => queue.enqueueAndWait(add, [n, 0], { timeout, meta: { n } }))
    const mixed = [queue.enqueueAndWait(add, [20, 0], { timeout }), queue.enqueue(nothing)] as const
    expect(await Promise.all([...sums, mixed[0]])).toEqual(Array.from({ length: 21 }, (_, n) => n))
    await mixed[1]
    const polls = (name: string) => name !== 'await_result'
    expect(proxy.commands.slice(before).filter(polls)).toEqual(['enqueue_plain', 'enqueue'])
  })

  it('rejects as job.result() does, and leaves the job that takes too long', async () => {
    await using at = await rqFixture()
    const late = await at.queue.enqueueAndWait(nothing, [], { timeout: 0.1, jobId: 'late' }).catch((error) => error)
    expect(late).toMatchObject({ code: 'RQ_TIMEOUT', details: { jobId: 'late', status: 'queued' } })
    expect(late.message).toMatch(/has not ended within 0\.1 s: it is queued\. .*no worker/i)
    expect(await at.queue.count()).toBe(1)
    await using _worker = working(at)
    expect(await (await at.queue.fetchJob('late'))?.result({ timeout })).toBeNull()
    await expect(at.queue.enqueueAndWait(divByZero, [], { timeout })).rejects.toMatchObject({
      code: 'RQ_JOB_FAILED',
      remoteStack: expect.stringContaining('functions.ts'),
    })
    await expect(at.queue.enqueueAndWait(nothing, [], { jobId: 'late', unique: true })).rejects.toMatchObject({
      code: 'RQ_DUPLICATE_JOB',
    })
  })

  it('refuses wrong options, and writes nothing', async () => {
    await using at = await rqFixture()
    const pipeline = at.redis.client.pipeline()
    for (const [options, message] of [
      [{ timeout: 'soon' }, /Invalid timeout/],
      [{ pipeline }, /Invalid pipeline: .* expected none/],
      [{ timeot: 1 }, /timeot/],
    ] as const) {
      await expect(at.queue.enqueueAndWait(nothing, [], options as object)).rejects.toThrow(message)
    }
    expect(await at.keys()).toEqual([])
  })

  it.each([
    ['hash', 'short', {}],
    ['hash', LONG, {}],
    ['stream', 'short', {}],
    ['stream', LONG, {}],
    ['hash', 'of one id', { jobId: 'one' }],
  ] as const)('brings a result that is not kept: %s, %.8s', async (results, value, options) => {
    await using at = await rqFixture()
    await using _worker = working(at)
    const queue = at.open('default', { results })
    for (const given of [value, value]) {
      expect(await queue.enqueueAndWait(echo, [given], { ...options, resultTtl: 0, timeout })).toBe(given)
    }
    const left = (await at.keys()).filter((key) => /^(job|results):/.test(key))
    expect(left).toHaveLength(value === LONG ? 2 : 0)
    for (const key of left) expect(await at.redis.client.ttl(at.key(key))).toBeGreaterThan(0)
    expect(await queue.finishedJobRegistry.getJobIds()).toEqual([])
  })

  it('brings a failure that is not kept, to whoever waits', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { failureTtl: 0 })
    const child = await at.queue.enqueue(nothing, [], { dependsOn: job })
    const waited = job.result({ timeout }).catch((error: unknown) => error)
    await using _worker = working(at)
    expect(await waited).toMatchObject({ code: 'RQ_JOB_FAILED', remoteStack: expect.stringContaining('division') })
    expect(await child.result({ timeout })).toBeNull()
    await expect(at.queue.enqueueAndWait(divByZero, [], { failureTtl: 0, timeout })).rejects.toThrow('division by zero')
    expect(await at.queue.failedJobRegistry.getJobIds()).toEqual([])
  })

  it('runs the job here on a queue with isAsync: false', async () => {
    await using at = await rqFixture()
    const queue = at.open('here', { isAsync: false })
    expect(await queue.enqueueAndWait(add, [1, 2])).toBe(3)
    expect(await queue.enqueueAndWait(add, [1, 2], { resultTtl: 0 })).toBe(3)
    await expect(queue.enqueueAndWait(divByZero)).rejects.toThrow('division by zero')
    expect(await queue.enqueueAndWait(largeText, [], { resultTtl: 0 })).toHaveLength(3 * 1024 * 1024)
  })

  it('takes encoded and signed jobs', async () => {
    await using at = await rqFixture()
    const keys = { k: randomBytes(32) }
    const codec = aesCodec({ keys, active: 'k' })
    const queue = at.open('default', { codec, sign: { keys, active: 'k' } })
    await using _worker = working(at, { codec, requireSignature: { keys } })
    expect(await queue.enqueueAndWait(echo, ['secret'], { timeout })).toBe('secret')
    expect(await queue.enqueueAndWait(echo, ['secret'], { timeout, resultTtl: 0 })).toBe('secret')
    await expect(queue.enqueueAndWait(divByZero, [], { timeout })).rejects.toThrow('division by zero')
  })

  it('keeps the order of the calls, also of the first one, which subscribes', async () => {
    await using at = await rqFixture()
    const order = at.open('order')
    const first = order.enqueueAndWait(echo, [1], { jobId: 'first', timeout })
    const second = order.enqueue(echo, [2], { jobId: 'second' })
    await second
    expect(await order.getJobIds()).toEqual(['first', 'second'])
    await at.work(['order'])
    expect(await first).toBe(1)
  })
})

describe('a notice that is lost', () => {
  async function cutWhile(at: RqFixture, fault: (name: string) => Fault | undefined, options = {}) {
    await using proxy = await faultProxy(at.redis.url)
    await using queue = new Queue('default', { connection: proxy.url, prefix: at.redis.prefix })
    const worked = queue.enqueueAndWait(echo, ['warm'], { timeout })
    while ((await at.queue.count()) === 0);
    await at.work()
    await worked
    proxy.onCommand = ({ name }) => fault(name)
    const waited = queue.enqueueAndWait(echo, ['late'], { timeout, ...options })
    while ((await at.queue.count()) === 0);
    proxy.reset()
    await at.work()
    return { value: await waited, commands: proxy.commands }
  }

  it('is asked for when the connection is back', async () => {
    await using at = await rqFixture()
    expect((await cutWhile(at, () => undefined)).value).toBe('late')
  })

  it('is asked for each second while the subscription does not come back', async () => {
    await using at = await rqFixture()
    const { value, commands } = await cutWhile(at, (name) => (name === 'subscribe' ? { kind: 'swallow' } : undefined))
    expect(value).toBe('late')
    expect(commands).toContain('await_result')
  })
})

describe('job.result()', () => {
  it('of a job that is over takes one call and no subscription', async () => {
    await using at = await rqFixture()
    await using proxy = await faultProxy(at.redis.url)
    await using queue = new Queue('default', { connection: proxy.url, prefix: at.redis.prefix })
    const job = await queue.enqueue(add, [1, 2])
    await at.work()
    expect(await job.result({ timeout })).toBe(3)
    expect(new Set(proxy.commands)).toEqual(new Set(['enqueue_plain', 'await_result']))
    expect(proxy.connections).toBe(1)
  })
})
