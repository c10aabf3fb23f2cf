import { RedisStorage } from '@rq/redis'
import { eventually, ownClient, startRedis } from '@rq/testkit'
import { claimRequest } from '@rq/testkit/storage-conformance'
import { expect, it } from 'vitest'
import { getCurrentJob, type Job, Queue, SimpleWorker } from '../src/index.ts'
import { noted, untilNoted } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

/** Functions of these tests; inline horses know them by name. */
const functions = {
  sends: async (...values: unknown[]) => {
    for (const value of values) await getCurrentJob()?.send(value)
  },
  sendsMany: async (count: number, once: string) => {
    await getCurrentJob()?.send('first')
    await untilNoted(once)
    await Promise.all(Array.from({ length: count }, (_, n) => getCurrentJob()?.send(n + 1)))
  },
  sendsLarge: async (bytes: number) => {
    await getCurrentJob()?.send('x'.repeat(bytes))
  },
  sendsAFunction: () => getCurrentJob()?.send(() => {}),
  sendsOnceNoted: async (what: string) => {
    await getCurrentJob()?.send('waits')
    await getCurrentJob()?.send(await untilNoted(what))
  },
  readsPosts: async () => {
    const values: unknown[] = []
    for await (const { attempt, value } of getCurrentJob()?.messages() ?? []) {
      values.push([attempt, value])
      if (value === 'end') break
    }
    return values
  },
}

async function valuesOf(job: Job): Promise<unknown[]> {
  const values: unknown[] = []
  for await (const { value } of job.messages()) values.push(value)
  return values
}

it('a loop that begins later gets what is kept, and one of a job without messages ends with the job', async () => {
  await using at = await rqFixture()
  const [sends, silent] = [await at.queue.enqueue('sends', [1, { two: 2 }]), await at.queue.enqueue('sends')]
  await at.work(['default'], { functions })
  expect(await valuesOf(sends)).toEqual([1, { two: 2 }])
  expect(await valuesOf(silent)).toEqual([])
})

it('a reader that is more than 1000 messages behind gets an error that says how many it has missed', async () => {
  await using at = await rqFixture()
  const job = await at.queue.enqueue('sendsMany', [1005, 'read'])
  const work = at.work(['default'], { functions })
  const reading = job.messages()
  expect(await reading.next()).toMatchObject({ value: { value: 'first' } })
  noted.push('read')
  await work
  await expect(reading.next()).rejects.toMatchObject({
    code: 'RQ_MESSAGES_LOST',
    details: { jobId: job.id, lost: 5 },
  })
  const values = await valuesOf(job)
  expect([values[0], values.length]).toEqual([6, 1000])
})

it('posts to a job wait for it, and each of its values keeps its type', async () => {
  await using at = await rqFixture()
  const job = await at.queue.enqueue('readsPosts')
  const when = new Date(1_790_000_000_000)
  for (const value of [when, new Map([['a', 1]]), 'end']) await job.post(value)
  await at.work(['default'], { functions })
  expect(await job.returnValue()).toEqual([
    [0, when],
    [0, new Map([['a', 1]])],
    [0, 'end'],
  ])
})

it('refuses what cannot be sent, with one error, and stores nothing', async () => {
  await using at = await rqFixture()
  const large = await at.queue.enqueue('sendsLarge', [1024 ** 2])
  const unwritable = await at.queue.enqueue('sendsAFunction')
  await expect(large.send('x')).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
  await expect(large.post(() => {})).rejects.toMatchObject({ code: 'RQ_SERIALIZATION' })
  await expect(large.post('x'.repeat(1024 ** 2))).rejects.toMatchObject({ code: 'RQ_TOO_LARGE' })
  expect(() => large.messages({ sginal: 1 } as object)).toThrow(/sginal/)
  await expect(large.stop({ reason: 'x'.repeat(1001) })).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
  await at.work(['default'], { functions })
  expect((await large.latestResult())?.error).toMatchObject({ code: 'RQ_TOO_LARGE' })
  expect((await unwritable.latestResult())?.error).toMatchObject({ code: 'RQ_SERIALIZATION' })
  expect((await at.keys()).filter((key) => /^(messages|posts):/.test(key))).toEqual([])
  await expect(large.post('late')).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
  await large.delete()
  await expect(large.post('gone')).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
  await expect(large.messages().next()).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
})

it('a signal ends a loop that waits, which throws its reason', async () => {
  await using at = await rqFixture()
  const job = await at.queue.enqueue('sends')
  const left = new AbortController()
  const next = job.messages({ signal: left.signal }).next()
  left.abort(new Error('the user has left'))
  await expect(next).rejects.toThrow('the user has left')
})

it('a job without messages stores nothing of them, and has the fields that it always had', async () => {
  await using at = await rqFixture()
  const job = await at.queue.enqueue('sends')
  await at.work(['default'], { functions })
  const fields = Object.keys(await at.redis.client.hgetall(at.key(`job:${job.id}`)))
  expect(fields.filter((name) => name === 'messages' || name === 'waiters')).toEqual([])
})

it('a loop goes on when Redis is killed and started again', async () => {
  await using redis = await startRedis({ appendonly: true })
  noted.length = 0
  await using queue = new Queue('default', { connection: redis.url })
  const job = await queue.enqueue('sendsOnceNoted', ['back'])
  const worker = new SimpleWorker('default', { connection: redis.url, functions })
  const work = worker.work()
  const reading = job.messages()
  expect(await reading.next()).toMatchObject({ value: { value: 'waits' } })
  const next = reading.next()
  await redis.restart()
  noted.push('back')
  expect(await next).toMatchObject({ value: { value: 'back' } })
  expect(await reading.next()).toEqual({ done: true, value: undefined })
  await worker.stop()
  await work
})

it('a loop over the messages of a job whose worker died goes on with the attempt after it', async () => {
  await using at = await rqFixture()
  await using dead = new RedisStorage({ connection: at.redis.url, prefix: at.redis.prefix })
  const job = await at.queue.enqueue('sends', ['second'], { retry: 1 })
  const [claimed] = (await dead.workers.claim(claimRequest())).jobs
  const message = { from: 'job', executionId: claimed?.executionId ?? '', attempt: 1, payloads: ['"first"'] } as const
  expect(await dead.jobs.addMessages(job.id, message)).toBe('done')
  const reading = job.messages()
  expect(await reading.next()).toMatchObject({ value: { attempt: 1 } })
  const next = reading.next()
  await at.endLeases()
  await at.work(['default'], { functions })
  expect(await next).toMatchObject({ value: { attempt: 2, value: 'second' } })
  expect(await reading.next()).toMatchObject({ done: true })
  expect(await dead.jobs.addMessages(job.id, message)).toBe('refused')
})

it('a reader that waits is notified of a message, and does not have to look', async () => {
  await using at = await rqFixture()
  using notices = ownClient(at.redis.url)
  const job = await at.queue.enqueue('sendsOnceNoted', ['done'])
  const first = job.messages().next()
  const waiters = () => at.redis.client.hget(at.key(`job:${job.id}`), 'waiters')
  await eventually(async () => expect(await waiters()).toMatch(/^m-\w+$/))
  const heard: string[] = []
  notices.on('message', (_channel, notice: string) => heard.push(notice))
  await notices.subscribe(at.key(`notify:${await waiters()}`))
  const work = at.work(['default'], { functions })
  await first
  await eventually(() => expect(heard).toContain(job.id))
  noted.push('done')
  await work
})
