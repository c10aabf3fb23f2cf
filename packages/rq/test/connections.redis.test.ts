import { eventually, type RedisFixture, redisFixture } from '@rq/testkit'
import { expect, test } from 'vitest'
import { Job, Queue, type QueueOptions } from '../src/index.ts'
import { nothing } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

const MANY = 40
const names = Array.from({ length: MANY }, (_, n) => `q${n}`)

/** Connections of the test's user, but for the fixture's own. */
async function connections({ client }: RedisFixture): Promise<number> {
  const [own, lines] = await Promise.all([client.client('ID'), client.client('LIST')])
  const user = / user=(\S+)/.exec(String(await client.client('INFO')))?.[1]
  return String(lines)
    .trim()
    .split('\n')
    .filter((line) => line.includes(` user=${user} `) && !line.startsWith(`id=${own} `)).length
}

/** The same place in the form of `redis.url`, with options of its own for each call. */
function optionsOf(redis: RedisFixture): () => QueueOptions {
  const { hostname, port, username, password } = new URL(redis.url)
  return () => ({
    connection: { port: Number(port), host: hostname, username, password, db: 0, retryStrategy: undefined },
    prefix: redis.prefix,
  })
}

async function use(queues: readonly Queue[]): Promise<void> {
  await Promise.all(queues.map((queue) => queue.count()))
}

test('all queues of an address use one connection, and one to listen and to wait for results', async () => {
  await using at = await rqFixture()
  const queues = names.map((name) => at.open(name))
  const jobs = await Promise.all(queues.map((queue) => queue.enqueue(nothing)))
  await use(queues)
  expect(await connections(at.redis)).toBe(1)
  await Promise.all(queues.map((queue) => queue.on('job:finished', () => {}).listening()))
  const waits = Promise.all(jobs.map((job) => job.result()))
  await eventually(async () => (await at.redis.client.pubsub('CHANNELS', `${at.redis.prefix}notify:*`)).length === MANY)
  expect(await connections(at.redis)).toBe(2)
  await at.work(names)
  expect(await waits).toEqual(jobs.map(() => null))
})

test('so do queues with equal options in objects of their own, or with a client and its duplicates', async () => {
  await using redis = await redisFixture()
  const options = optionsOf(redis)
  const byOptions = names.map((name) => new Queue(name, options()))
  await use(byOptions)
  expect(await connections(redis)).toBe(1)
  const client = redis.connect()
  const byClient = names.map((name) => new Queue(name, { connection: client, prefix: redis.prefix }))
  await use(byClient)
  expect(await connections(redis)).toBe(2)
  await Promise.all(byClient.map((queue) => queue.on('job:finished', () => {}).listening()))
  expect(await connections(redis)).toBe(3)
  await Promise.all([...byOptions, ...byClient].map((queue) => queue.close()))
  await eventually(async () => (await connections(redis)) === 1)
  client.disconnect()
})

test('a queue that closes leaves the connection to the others, and the last one closes it', async () => {
  await using redis = await redisFixture()
  const open = (name: string, prefix = redis.prefix) => new Queue(name, { connection: redis.url, prefix })
  const [one, two, other] = [open('one'), open('two'), open('other', `${redis.prefix}other:`)]
  const heard: string[] = []
  for (const queue of [one, two]) await queue.on('job:finished', ({ queue: name }) => heard.push(name)).listening()
  await use([one, two, other])
  expect(await connections(redis)).toBe(2)
  await one.close()
  await one.close()
  await expect(one.count()).rejects.toMatchObject({ code: 'RQ_CLOSED' })
  await expect(one.enqueue(nothing)).rejects.toMatchObject({ code: 'RQ_CLOSED' })
  expect(await two.count()).toBe(0)
  expect(await redis.client.pubsub('CHANNELS', `${redis.prefix}events:*`)).toEqual([`${redis.prefix}events:two`])
  await redis.client.publish(
    `${redis.prefix}events:two`,
    JSON.stringify({ name: 'job:finished', jobId: 'j', executionId: 'e', workerName: 'w', atMs: 1 }),
  )
  await eventually(() => heard.length === 1)
  await two.close()
  await eventually(async () => (await connections(redis)) === 1)
  await other.close()
  await eventually(async () => (await connections(redis)) === 0)
  const again = open('one')
  expect(await again.count()).toBe(0)
  await again.close()
})

test('a wait for a result ends when its queue closes, and the waits of other queues go on', async () => {
  await using at = await rqFixture()
  const closing = new Queue('default', at.where)
  const job = await at.queue.enqueue(nothing)
  const waits = [await closing.fetchJob(job.id), await at.queue.fetchJob(job.id)].map((one) => one?.result())
  const ended = waits[0]?.catch((error: unknown) => error)
  await eventually(async () => (await at.redis.client.pubsub('CHANNELS', `${at.redis.prefix}notify:*`)).length === 2)
  await closing.close()
  expect(await ended).toMatchObject({ code: 'RQ_CLOSED' })
  await at.work()
  expect(await waits[1]).toBeNull()
})

test('functions that close nothing use one connection for options in objects of their own', async () => {
  const url = process.env.RQ_TEST_REDIS_URL ?? ''
  const { hostname, port } = new URL(url)
  await using redis = await redisFixture()
  const named = { host: hostname, port: Number(port), connectionName: redis.prefix }
  const where = () => ({ connection: { ...named }, prefix: redis.prefix })
  for (let n = 0; n < 5; n++) expect(await Job.exists('x', where())).toBe(false)
  const lines = String(await redis.client.client('LIST')).split('\n')
  expect(lines.filter((line) => line.includes(`name=${redis.prefix}`))).toHaveLength(1)
})
