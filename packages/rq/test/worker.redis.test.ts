import { expect, it } from 'vitest'
import { getCurrentJob, type Job, SimpleWorker } from '../src/index.ts'
import { house } from './house.ts'

it('a worker that has ended connects again for nothing but its next work', async () => {
  await using at = await house()
  let job: Job | undefined
  const remember = () => {
    job = getCurrentJob()
    return job?.id
  }
  const worker = new SimpleWorker(at.queue, { ...at.where, functions: { remember } })
  const first = await at.queue.enqueue('remember')
  await worker.work({ burst: true })
  expect(await first.result({ timeout: 10 })).toBe(first.id)
  // As what it did not wait for: maintenance that was under way. The house finds a connection that is left open.
  await expect(job?.refresh()).rejects.toMatchObject({ code: 'RQ_CLOSED' })

  const second = await at.queue.enqueue('remember')
  await worker.work({ burst: true })
  expect(await second.result({ timeout: 10 })).toBe(second.id)
})
