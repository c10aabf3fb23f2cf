import type { NewJob } from '@rq/job'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchInDependencyOrder } from './batch-order.ts'

function newJob(id: string, dependencyIds?: readonly string[]): NewJob {
  const record = { id, origin: 'q', status: 'created', data: '', createdAtMs: 0, results: 'hash' } as const
  return { record: { ...record, ...(dependencyIds && { dependencyIds }) }, atFront: false, unique: false }
}

const idsOf = (jobs: readonly NewJob[]) => jobs.map((job) => job.record.id)

describe('batchInDependencyOrder', () => {
  it('keeps the order of a list in which every job comes after its dependencies', () => {
    const jobs = [newJob('a'), newJob('b', ['a']), newJob('c', ['elsewhere']), newJob('d', ['b', 'a'])]
    expect(idsOf(batchInDependencyOrder(jobs))).toEqual(['a', 'b', 'c', 'd'])
  })

  it('moves a job behind its dependencies, and no other job', () => {
    const jobs = [newJob('late', ['c', 'a']), newJob('a'), newJob('b'), newJob('c'), newJob('d')]
    expect(idsOf(batchInDependencyOrder(jobs))).toEqual(['a', 'b', 'c', 'late', 'd'])
  })

  it('refuses a cycle', () => {
    const jobs = [newJob('ok'), newJob('a', ['b']), newJob('b', ['c']), newJob('c', ['a'])]
    expect(() => batchInDependencyOrder(jobs)).toThrow(/wait for each other forever \(a -> b -> c -> a\)/)
  })

  it('is quick with 10,000 jobs that wait for one', () => {
    const children = Array.from({ length: 10_000 }, (_, index) => newJob(`c${index}`, ['parent']))
    const ordered = batchInDependencyOrder([...children, newJob('parent')])
    expect(ordered[0]?.record.id).toBe('parent')
    expect(ordered).toHaveLength(10_001)
  })

  it('places every job once and behind its dependencies, in any acyclic list', () => {
    const lists = fc
      .array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 30 })
      .chain((links) =>
        fc.shuffledSubarray([...links.keys()], { minLength: links.length }).map((order) => ({ links, order })),
      )
    fc.assert(
      fc.property(lists, ({ links, order }) => {
        const jobs = order.map((index) =>
          newJob(`${index}`, links[index]?.filter((other) => other < index).map(String)),
        )
        const ids = idsOf(batchInDependencyOrder(jobs))
        expect([...ids].sort()).toEqual(idsOf(jobs).sort())
        for (const { record } of jobs) {
          for (const id of record.dependencyIds ?? []) expect(ids.indexOf(id)).toBeLessThan(ids.indexOf(record.id))
        }
      }),
    )
  })
})
