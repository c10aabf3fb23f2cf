import { expect, it } from 'vitest'
import { Job, Queue } from '../src/index.ts'
import { nothing } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

const MANY = 10_000

it(`deletes ${MANY} delayed jobs in one call`, async () => {
  await using at = await rqFixture()
  await Promise.all(Array.from({ length: MANY }, () => at.queue.enqueueIn('1d', nothing)))
  expect(await at.queue.scheduledJobRegistry.count()).toBe(MANY)
  expect(await at.queue.scheduledJobRegistry.clear()).toEqual({ done: MANY, left: 0 })
  expect(await at.keys()).toEqual(['queues'])
})

it('tells which jobs of a list of ids are gone', async () => {
  await using at = await rqFixture()
  const jobs = await at.queue.enqueueMany([Queue.prepareData(nothing), Queue.prepareData(nothing)])
  const ids = ['lost', ...jobs.map(({ id }) => id)]
  const found = await Job.fetchMany(ids, at.shared)
  expect(ids.filter((_, index) => found[index] === null)).toEqual(['lost'])
})
