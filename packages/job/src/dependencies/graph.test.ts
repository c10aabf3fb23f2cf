import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inDependencyOrder, type Node } from './graph.ts'

const ids = (nodes: readonly Node[]) => nodes.map(({ id }) => id)

describe('inDependencyOrder', () => {
  it('keeps the order of jobs that wait for nothing', () => {
    expect(ids(inDependencyOrder([{ id: 'b' }, { id: 'a' }]))).toEqual(['b', 'a'])
  })

  it('puts a job after those it waits for', () => {
    const batch = [{ id: 'c', dependencyIds: ['b', 'a'] }, { id: 'b', dependencyIds: ['a'] }, { id: 'a' }]
    expect(ids(inDependencyOrder(batch))).toEqual(['a', 'b', 'c'])
  })

  it('moves a job right behind those it waits for, and nothing else', () => {
    const batch = [{ id: 'late', dependencyIds: ['c', 'a'] }, { id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }]
    expect(ids(inDependencyOrder(batch))).toEqual(['a', 'b', 'c', 'late', 'd'])
  })

  it('ignores jobs outside of the batch', () => {
    expect(ids(inDependencyOrder([{ id: 'a', dependencyIds: ['elsewhere'] }]))).toEqual(['a'])
  })

  it('names the jobs of a cycle', () => {
    const batch = [
      { id: 'a', dependencyIds: ['b'] },
      { id: 'b', dependencyIds: ['c'] },
      { id: 'c', dependencyIds: ['b'] },
    ]
    expect(() => inDependencyOrder(batch)).toThrow('b -> c -> b')
  })

  it('follows a chain of 20,000 jobs', () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => ({ id: `${n}`, dependencyIds: [`${n + 1}`] }))
    expect(inDependencyOrder(chain)[0]?.id).toBe('19999')
  })

  it('orders any graph without cycles and keeps every job once', () => {
    const graph = fc.integer({ min: 1, max: 30 }).chain((size) =>
      fc.tuple(
        fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 60 }),
        fc.shuffledSubarray(
          Array.from({ length: size }, (_, n) => n),
          { minLength: size, maxLength: size },
        ),
      ),
    )
    fc.assert(
      fc.property(graph, ([edges, order]) => {
        const nodes = order.map((n) => ({
          id: `${n}`,
          dependencyIds: edges.filter(([from, to]) => from === n && to < n).map(([, to]) => `${to}`),
        }))
        const ordered = ids(inDependencyOrder(nodes))
        expect([...ordered].sort()).toEqual(ids(nodes).sort())
        for (const node of nodes) {
          for (const dependency of node.dependencyIds) {
            expect(ordered.indexOf(dependency)).toBeLessThan(ordered.indexOf(node.id))
          }
        }
      }),
    )
  })
})
