import { MemoryPipeline, TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it } from 'vitest'
import { add, nothing } from '../../test/functions.ts'
import { Queue } from '../queue/queue.ts'
import { Group } from './group.ts'

describe('Group', () => {
  it('contains the jobs that were enqueued through it', async () => {
    const storage = new TestStorage()
    const group = Group.create({ storage, name: 'report' })
    const queue = new Queue('low', { storage, defaultTimeout: 9 })
    const [first] = await group.enqueueMany(queue, [Queue.prepareData(add, [1, 2]), Queue.prepareData(nothing)])
    await group.enqueueMany('high', [Queue.prepareData(nothing)])
    expect([first.groupId, first.timeout]).toEqual(['report', 9])
    expect([storage.waiting('low').length, storage.waiting('high').length]).toEqual([2, 1])
    const fetched = await Group.fetch('report', { storage })
    const ids = [...storage.waiting('low'), ...storage.waiting('high')]
    expect((await fetched.getJobs()).map((job) => job.id)).toEqual(ids.sort())
    expect((await Group.all({ storage })).map((one) => one.name)).toEqual(['report'])
  })

  it('has a random name by default, and does not exist before its first job', async () => {
    const storage = new TestStorage()
    const group = Group.create({ storage })
    expect(group.name).toMatch(/^[0-9a-f]{32}$/)
    expect(await group.getJobs()).toEqual([])
    await expect(Group.fetch(group.name, { storage })).rejects.toMatchObject({ code: 'RQ_NO_SUCH_GROUP' })
    expect(await Group.all({ storage })).toEqual([])
    expect(() => Group.create({ storage, name: 'a\nb' })).toThrow(/Invalid group name/)
  })

  it('enqueues into a pipeline', async () => {
    const storage = new TestStorage()
    const pipeline = new MemoryPipeline()
    const group = Group.create({ storage })
    await group.enqueueMany('low', [Queue.prepareData(nothing)], { pipeline })
    expect(storage.records.size).toBe(0)
    pipeline.exec()
    expect(await group.getJobIds()).toHaveLength(1)
  })
})
