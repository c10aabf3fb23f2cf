import { eventually, patience } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { getCurrentJob, type Job, SimpleWorker, Worker } from '../src/index.ts'
import { currentWorker } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

it('a worker that has ended connects again only for its next work', async () => {
  await using at = await rqFixture()
  let job: Job | undefined
  const remember = () => {
    job = getCurrentJob()
    return job?.id
  }
  const worker = new SimpleWorker(at.queue, { ...at.where, functions: { remember } })
  const first = await at.queue.enqueue('remember')
  await worker.work({ burst: true })
  expect(await first.result({ timeout: patience(60) })).toBe(first.id)
  // Like maintenance that was under way and was not waited for. The fixture fails if a connection is left open.
  await expect(job?.refresh()).rejects.toMatchObject({ code: 'RQ_CLOSED' })

  const second = await at.queue.enqueue('remember')
  await worker.work({ burst: true })
  expect(await second.result({ timeout: patience(60) })).toBe(second.id)
})

it("a job's function knows its worker", async () => {
  await using at = await rqFixture()
  const job = await at.queue.enqueue(currentWorker)
  await at.work(['default'], { name: 'alpha' })
  expect(await job.result()).toBe('alpha')
})

describe('Worker.all and Worker.count', () => {
  it('return all workers, or those of a queue', async () => {
    await using at = await rqFixture()
    const low = at.open('low')
    const workers = [
      new SimpleWorker([at.queue], { ...at.where, name: 'one' }),
      new SimpleWorker([at.queue, low], { ...at.where, name: 'two' }),
      new SimpleWorker([low], { ...at.where, name: 'three' }),
    ]
    const working = workers.map((worker) => worker.work())
    await eventually(async () => (await Worker.count(at.shared)) === 3)
    const names = async (query: Parameters<typeof Worker.all>[0]) => (await Worker.all(query)).map(({ name }) => name)
    expect(await names(at.shared)).toEqual(['one', 'three', 'two'])
    expect(await names({ ...at.shared, queue: at.queue })).toEqual(['one', 'two'])
    expect(await names({ ...at.shared, queue: low })).toEqual(['three', 'two'])
    expect(await Worker.count({ ...at.shared, queue: low })).toBe(2)
    expect(await Worker.count({ ...at.shared, queue: at.open('empty') })).toBe(0)
    await Promise.all(workers.map((worker) => worker.stop()))
    await Promise.all(working)
    expect([await Worker.count(at.shared), await Worker.count({ ...at.shared, queue: low })]).toEqual([0, 0])
  })

  it('leave out a worker whose record has expired, and maintenance removes it', async () => {
    await using at = await rqFixture()
    const { client } = at.redis
    const key = at.key('worker:dead')
    for (const set of ['workers', 'workers:default']) await client.sadd(at.key(set), key)
    expect(await Worker.all(at.shared)).toEqual([])
    expect(await Worker.all({ ...at.shared, queue: at.queue })).toEqual([])
    const worker = new SimpleWorker(at.queue, at.where)
    const working = worker.work()
    await eventually(async () => {
      for (const set of ['workers', 'workers:default']) expect(await client.sismember(at.key(set), key)).toBe(0)
    })
    expect(await Worker.count(at.shared)).toBe(1)
    await worker.stop()
    await working
  })

  it('require a connection or a queue', async () => {
    await expect(Worker.all({})).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
    await expect(Worker.count({})).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
  })
})

it('a burst runs the job behind thousands of ids whose jobs are gone', async () => {
  await using at = await rqFixture()
  const gone = Array.from({ length: 3500 }, (_, n) => `gone${n}`)
  await at.redis.client.rpush(at.key('queue:default'), ...gone)
  const job = await at.queue.enqueue(currentWorker)
  await at.work(['default'], { name: 'alpha' })
  expect(await job.result()).toBe('alpha')
  expect(await at.queue.count()).toBe(0)
})
