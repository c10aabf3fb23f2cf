import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it } from 'vitest'
import { nothing } from '../test/functions.ts'
import { withoutStorageFactory } from '../test/no-storage-factory.ts'
import { setStorageFactory } from './context.ts'
import { Group } from './job/group.ts'
import { Job } from './job/job.ts'
import { cancelJob, requeueJob } from './job/job-actions.ts'
import { Queue } from './queue/queue.ts'

/** Options that only the storage factory knows, as programs with one have them. */
const at = (place: { connection: string; prefix?: string }) => place as object

describe('a call without a storage', () => {
  withoutStorageFactory()

  it('is refused while there is no storage factory', async () => {
    const refused = { code: 'RQ_INVALID_OPTION', message: expect.stringContaining('storage') }
    await expect(Job.fetch('one')).rejects.toMatchObject(refused)
    await expect(cancelJob('one')).rejects.toMatchObject(refused)
    expect(() => Group.create(at({ connection: 'here' }))).toThrow(expect.objectContaining(refused))
  })

  it('uses the storage that the storage factory makes of its options', async () => {
    const storage = new TestStorage()
    const places: object[] = []
    setStorageFactory(({ connection, prefix }) => {
      places.push({ connection, prefix })
      return storage
    })
    const queue = new Queue('low', { storage })
    const [job] = await Group.create({ name: 'report', ...at({ connection: 'a' }) }).enqueueMany(queue, [
      Queue.prepareData(nothing),
    ])
    expect((await Job.fetch(job.id, at({ connection: 'b', prefix: 'p:' }))).id).toBe(job.id)
    expect(await Job.exists(job.id)).toBe(true)
    await cancelJob(job.id, at({ connection: 'c' }))
    await expect(requeueJob(job.id, at({ connection: 'd' }))).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    expect(places).toEqual([
      { connection: 'a' },
      { connection: 'b', prefix: 'p:' },
      {},
      { connection: 'c' },
      { connection: 'd' },
    ])
  })

  it('does not take the options of a place for options of the job', async () => {
    setStorageFactory(() => new TestStorage())
    const job = await Job.create(nothing, [], { jobId: 'one', ...at({ connection: 'a', prefix: 'p:' }) })
    expect(job.id).toBe('one')
  })
})
