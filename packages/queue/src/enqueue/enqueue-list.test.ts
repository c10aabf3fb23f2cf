import { RqError } from '@rq/core'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it } from 'vitest'
import { nothing } from '../../test/functions.ts'
import { DuplicateJobError } from '../failure/job-errors.ts'
import { Group } from '../job/group.ts'
import type { Job } from '../job/job.ts'
import { Queue } from '../queue/queue.ts'
import { MOST_PER_CALL } from './enqueue-batch.ts'
import type { EnqueueData } from './enqueue-data.ts'

const datasOf = (ids: readonly string[], options: object = {}) =>
  ids.map((jobId) => Queue.prepareData(nothing, [], { jobId, unique: true, ...options }))

const many = (count: number, name = 'j') => Array.from({ length: count }, (_, n) => `${name}${n}`)

const NONE = { written: [], duplicates: [], cycles: [], unknown: [], unwritten: [] }

function errorOf(queue: Queue, datas: readonly EnqueueData[]): Promise<RqError> {
  return queue.enqueueMany(datas).then(
    () => expect.fail('it is written whole'),
    (error: RqError) => error,
  )
}

describe('enqueueMany', () => {
  it('writes all but the jobs that exist, and says which those are', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    await queue.enqueue(nothing, [], { jobId: 'there' })
    const error = await errorOf(queue, datasOf(['before', 'there', 'after']))
    expect(error).toBeInstanceOf(DuplicateJobError)
    const lists = { written: ['before', 'after'], duplicates: ['there'] }
    expect(error).toMatchObject({ jobId: 'there', ...lists, details: { ...NONE, ...lists, jobId: 'there' } })
    expect(error.message).toBe(
      'Job there already exists, and unique was set. Of 3 jobs: 2 written, 1 duplicate; the details of this error have their ids.',
    )
    expect(storage.waiting('q')).toEqual(['there', 'before', 'after'])
  })

  it('says that nothing was written when it is so', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    await queue.enqueue(nothing, [], { jobId: 'there' })
    const error = await errorOf(queue, datasOf(['there']))
    expect(error.message).toBe('Job there already exists, and unique was set. Nothing was written.')
    expect(error).toMatchObject({ written: [], duplicates: ['there'] })
  })

  it('sends all calls of a long list, whatever one of them holds', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    const ids = many(2 * MOST_PER_CALL + 200)
    const there = [ids[3], ids[MOST_PER_CALL + 1], ids.at(-1)] as string[]
    for (const jobId of there) await queue.enqueue(nothing, [], { jobId })
    const error = (await errorOf(queue, datasOf(ids))) as DuplicateJobError
    expect(error.duplicates).toEqual(there)
    expect(error.written).toEqual(ids.filter((id) => !there.includes(id)))
    expect(await queue.count()).toBe(ids.length)
  })

  it('says which jobs would wait for each other', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    const enqueue = storage.queues.enqueue.bind(storage.queues)
    storage.queues.enqueue = async (jobs) => {
      const placements = await enqueue(jobs.filter(({ record }) => record.id !== 'b'))
      return [placements[0] ?? 'queued', 'cycle', placements[1] ?? 'queued']
    }
    const error = await errorOf(queue, datasOf(['a', 'b', 'c'], { dependsOn: ['other'], unique: false }))
    expect(error).toMatchObject({
      code: 'RQ_INVALID_OPTION',
      message: expect.stringMatching(/\(b -> other\)\. Of 3 jobs: 2 written, 1 in a cycle; /),
      details: { ...NONE, option: 'dependsOn', written: ['a', 'c'], cycles: ['b'] },
    })
  })

  it('says which jobs have too many dependencies to search', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    const enqueue = storage.queues.enqueue.bind(storage.queues)
    storage.queues.enqueue = async (jobs) => ['too_many', ...(await enqueue(jobs.slice(1)))]
    const error = await errorOf(queue, datasOf(['a', 'b'], { dependsOn: ['other'], unique: false }))
    expect(error).toMatchObject({
      code: 'RQ_TOO_MANY_DEPENDENCIES',
      message: expect.stringMatching(/another id\. Of 2 jobs: 1 written, 1 not written; /),
      details: { ...NONE, option: 'dependsOn', jobId: 'a', written: ['b'], unwritten: ['a'] },
    })
  })

  it.each([
    ['RQ_REDIS_UNREACHABLE', 'unknown'],
    ['RQ_REDIS_OUT_OF_MEMORY', 'unwritten'],
  ] as const)('ends with the call that fails with %s, and says what was sent', async (code, kind) => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    const enqueue = storage.queues.enqueue.bind(storage.queues)
    let calls = 0
    storage.queues.enqueue = async (jobs) => {
      calls += 1
      if (calls === 2) throw new RqError(code, 'No.', { retryable: true, details: { server: 's' } })
      return enqueue(jobs)
    }
    const ids = many(4 * MOST_PER_CALL)
    const error = await errorOf(queue, datasOf(ids, { dependsOn: ['other'], unique: false }))
    const call = (n: number) => ids.slice(n * MOST_PER_CALL, (n + 1) * MOST_PER_CALL)
    const unwritten = [...(kind === 'unwritten' ? call(1) : []), ...call(2), ...call(3)]
    const expected = { written: call(0), unknown: kind === 'unknown' ? call(1) : [], unwritten }
    expect(error).toMatchObject({ code, retryable: true, details: { ...NONE, ...expected, server: 's' } })
    expect(error.message).toMatch(/^No\. Of 2000 jobs: 500 written, /)
    expect(calls).toBe(2)
  })

  it('gives the handles of what was written with the error, in the order given', async () => {
    const queue = new Queue('q', { storage: new TestStorage() })
    await queue.enqueue(nothing, [], { jobId: 'there' })
    const error = await errorOf(queue, datasOf(['before', 'there', 'after']))
    const jobs = error.details.jobs as (Job | null)[]
    expect(jobs.map((job) => job?.id)).toEqual(['before', undefined, 'after'])
    expect(await jobs[2]?.getStatus()).toBe('queued')
  })

  it.each([true, false])('returns the jobs that exist with onDuplicate return (isAsync: %s)', async (isAsync) => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage, isAsync })
    await queue.enqueue(nothing, [], { jobId: 'there', description: 'the first one' })
    const datas = datasOf(['before', 'there', 'after', 'after'])
    const jobs = await queue.enqueueMany(datas, { onDuplicate: 'return' })
    expect(jobs.map(({ id, isDuplicate }) => [id, isDuplicate])).toEqual([
      ['before', false],
      ['there', true],
      ['after', false],
      ['after', true],
    ])
    expect(jobs[1]?.description).toBe('the first one')
    expect(await Group.create({ storage }).enqueueMany(queue, datas, { onDuplicate: 'return' })).toHaveLength(4)
  })

  it('sends a job again whose duplicate is gone when it is looked up', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    await queue.enqueue(nothing, [], { jobId: 'there' })
    const { fetch } = storage.jobs
    storage.jobs.fetch = async (ids) => {
      storage.jobs.fetch = fetch
      await storage.jobs.delete({ jobId: 'there', deleteDependents: false })
      return ids.map(() => undefined)
    }
    const [job] = await queue.enqueueMany(datasOf(['there']), { onDuplicate: 'return' })
    expect(job?.isDuplicate).toBe(false)
    expect(storage.waiting('q')).toEqual(['there'])
  })

  it('still tells of other refusals, and of duplicates that come and go', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    await queue.enqueue(nothing, [], { jobId: 'there' })
    storage.jobs.fetch = async (ids) => ids.map(() => undefined)
    const refused = queue.enqueueMany(datasOf(['a', 'there']), { onDuplicate: 'return' })
    await expect(refused).rejects.toMatchObject({ code: 'RQ_DUPLICATE_JOB', written: ['a'], duplicates: ['there'] })
  })

  it('refuses another onDuplicate, and writes nothing', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage })
    const wrong = queue.enqueueMany(datasOf(['a']), { onDuplicate: 'skip' as 'return' })
    await expect(wrong).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION', details: { option: 'onDuplicate' } })
    expect(storage.waiting('q')).toEqual([])
  })

  it('runs all but the refused jobs of a queue with isAsync: false', async () => {
    const storage = new TestStorage()
    const queue = new Queue('q', { storage, isAsync: false })
    await queue.enqueue(nothing, [], { jobId: 'there' })
    const error = await errorOf(queue, datasOf(['before', 'there', 'after']))
    expect(error).toMatchObject({ written: ['before', 'after'], duplicates: ['there'] })
    expect(storage.recordOf('after').status).toBe('finished')
  })
})
