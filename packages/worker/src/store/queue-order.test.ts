import { describe, expect, test } from 'vitest'
import { QueueOrder } from './queue-order.ts'

describe('QueueOrder', () => {
  test('default never changes, whoever was served', () => {
    const order = new QueueOrder(['a', 'b'], 'default')
    order.served('a')
    expect(order.next()).toEqual(['a', 'b'])
    expect(order.mostAtOnce).toBe(Number.POSITIVE_INFINITY)
  })

  test('round_robin puts the queue that was served, and those before it, behind the others', () => {
    const order = new QueueOrder(['a', 'b', 'c'], 'round_robin')
    order.served('b')
    expect(order.next()).toEqual(['c', 'a', 'b'])
    expect(order.mostAtOnce).toBe(1)
  })

  test('random shuffles each time and loses nobody', () => {
    const order = new QueueOrder(['a', 'b', 'c'], 'random', () => 0)
    expect(order.next()).toEqual(['b', 'c', 'a'])
    expect([...order.next()].sort()).toEqual(['a', 'b', 'c'])
  })
})
