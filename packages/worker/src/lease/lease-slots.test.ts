import { describe, expect, test, vi } from 'vitest'
import { LeaseSlots } from './lease-slots.ts'

/** The side of the loop, and that of the thread. */
function setUp() {
  const loop = new LeaseSlots()
  const thread = new LeaseSlots(loop.memory)
  const ids = () => thread.read().map(({ lease }) => lease.executionId)
  return { loop, thread, ids }
}

describe('LeaseSlots', () => {
  test('the thread reads what the loop has written, whatever the names are', () => {
    const { loop, thread } = setUp()
    loop.put('default', 'job', 'execution', 1000)
    loop.put('größe\n', 'a\nb:c 🐎', 'e', Number.POSITIVE_INFINITY)
    expect(thread.read()).toEqual([
      { lease: { queue: 'default', jobId: 'job', executionId: 'execution' }, longestRunMs: 1000 },
      {
        lease: { queue: 'größe\n', jobId: 'a\nb:c 🐎', executionId: 'e' },
        longestRunMs: Number.POSITIVE_INFINITY,
      },
    ])
  })

  test('a slot that was freed holds no lease, and takes another one', () => {
    const { ids, loop } = setUp()
    const slot = loop.put('q', 'j', 'first', 1)
    loop.put('q', 'j', 'second', 1)
    expect(slot).toBeDefined()
    loop.free(slot ?? -1)
    expect(ids()).toEqual(['second'])
    expect(loop.put('q', 'j', 'third', 1)).toBe(slot)
    expect(ids()).toEqual(['second', 'third'])
  })

  test('takes no names that are too long, and no more leases than it has slots', () => {
    const { ids, loop } = setUp()
    expect(loop.put('q', 'j'.repeat(300), 'e', 1)).toBeUndefined()
    expect(loop.put('q', '🐎'.repeat(70), 'e', 1)).toBeUndefined()
    let count = 0
    while (loop.put('q', 'j', `e${count}`, 1) !== undefined) count++
    expect(count).toBeGreaterThanOrEqual(1024)
    expect(ids()).toHaveLength(count)
  })

  test('the thread leaves out a lease that is being written', () => {
    const { ids, loop } = setUp()
    loop.put('q', 'j', 'e', 1)
    // The loop stands still in the middle of writing the next one.
    const write = vi.spyOn(Buffer.prototype, 'write').mockImplementationOnce(() => {
      expect(ids()).toEqual(['e'])
      return 3
    })
    loop.put('q', 'j', 'f', 1)
    write.mockRestore()
    expect(ids()).toHaveLength(2)
  })
})
