import { describe, expectTypeOf, it } from 'vitest'
import { type Job, type Queue, ref, Schedule } from '../src/index.ts'

declare const queue: Queue
const add = (x: number, y: number): number => x + y
const fetchText = async (url: string): Promise<string> => url

describe('types', () => {
  it('flow from the function to its arguments and its result', () => {
    // Never called: only the compiler reads it.
    const typed = async () => {
      // @ts-expect-error a string is not a number, and one argument is missing
      await queue.enqueue(add, ['1'])
      // @ts-expect-error a function with required parameters needs its arguments
      await queue.enqueue(add)
      expectTypeOf(await (await queue.enqueue(add, [1, 2])).result()).toEqualTypeOf<number>()
      expectTypeOf(await (await queue.enqueue(fetchText, ['x'])).returnValue()).toEqualTypeOf<string | undefined>()
      expectTypeOf(await queue.enqueue(ref<typeof add>('./a#add'), [1, 2])).toExtend<Job<number>>()
      expectTypeOf(await (await queue.enqueue('a.b', [1, 'x'])).result()).toBeUnknown()
    }
    expectTypeOf(typed).toBeFunction()
  })

  it('flow from the function to its schedule', () => {
    const typed = async () => {
      // @ts-expect-error a string is not a number
      await Schedule.upsert('s', { every: 1 }, add, ['1', 2], { queue: 'q' })
      // @ts-expect-error the queue is missing
      await Schedule.upsert('s', { every: 1 }, add, [1, 2], {})
      // @ts-expect-error a connection is no number
      await Schedule.fetch('s', { connection: 6379 })
      const schedule = await Schedule.upsert('s', { every: 1 }, add, [1, 2], { queue: 'q', connection: 'redis://h' })
      expectTypeOf(await (await schedule.runNow()).result()).toEqualTypeOf<number>()
    }
    expectTypeOf(typed).toBeFunction()
  })
})
