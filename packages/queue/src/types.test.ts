import { type AnyFunction, type EnqueueOptions, ref } from '@rq/job'
import { describe, expectTypeOf, it } from 'vitest'
import { sum } from '../test/decorated.ts'
import { add, addLater, type boom, greet, identity, nothing, send, spread } from '../test/functions.ts'
import type { EnqueueData } from './enqueue/enqueue-data.ts'
import { type Group, getCurrentJob, Queue } from './index.ts'
import type { Job } from './job/job.ts'

declare const q: Queue
declare const group: Group
declare const options: EnqueueOptions
declare const args: [number, number]

interface Mail {
  subject: string
}
declare const mail: Mail

/** Checked by the type checker, never run. */
function unused(check: () => unknown): void {
  void check
}

describe('the types of enqueue', () => {
  it('follow the function', () => {
    unused(() => {
      expectTypeOf(q.enqueue(add, [1, 2])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(addLater, [1, 2], options)).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(add, args)).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(add, [1, 2] as const)).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueueAndWait(addLater, [1, 2], { timeout: 5, ttl: 5 })).resolves.toEqualTypeOf<number>()
      expectTypeOf(q.enqueue(JSON.parse as () => unknown)).resolves.toEqualTypeOf<Job<unknown>>()
      expectTypeOf(q.enqueueIn('5m', add, [1, 2])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueueAt(new Date(), add, [1, 2])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.createJob(add, [1, 2])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf((null as unknown as Job<number>).result()).resolves.toEqualTypeOf<number>()
      expectTypeOf((null as unknown as Job<number>).returnValue()).resolves.toEqualTypeOf<number | undefined>()
    })
  })

  it('refuse wrong arguments', () => {
    unused(() => {
      // @ts-expect-error a string is not a number
      void q.enqueue(add, ['1'])
      // @ts-expect-error too few
      void q.enqueue(add, [1])
      // @ts-expect-error too many
      void q.enqueue(add, [1, 2, 3])
      // @ts-expect-error none at all
      void q.enqueue(add)
      // @ts-expect-error none at all
      void q.enqueue(add, undefined)
      // @ts-expect-error not in an array
      void q.enqueue(add, 1, 2)
      // @ts-expect-error no such option
      void q.enqueue(add, [1, 2], { job_timeout: 5 })
      // @ts-expect-error a job in a pipeline cannot be waited for
      void q.enqueueAndWait(add, [1, 2], { pipeline: {} })
      // @ts-expect-error a string is not a number
      void q.enqueueIn(5, add, ['1', 2])
      // @ts-expect-error a string is not a number
      Queue.prepareData(add, ['1', 2])
    })
  })

  it('let arguments be left out only where none is needed', () => {
    unused(() => {
      expectTypeOf(q.enqueue(nothing)).resolves.toEqualTypeOf<Job<void>>()
      expectTypeOf(q.enqueue(nothing, [])).resolves.toEqualTypeOf<Job<void>>()
      expectTypeOf(q.enqueue(nothing, undefined, { ttl: 5 })).resolves.toEqualTypeOf<Job<void>>()
      expectTypeOf(q.enqueue(greet, ['ada'])).resolves.toEqualTypeOf<Job<string>>()
      expectTypeOf(q.enqueue(greet, ['ada', 'hi'])).resolves.toEqualTypeOf<Job<string>>()
      expectTypeOf(q.enqueue(spread)).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(spread, [1, 2, 3])).resolves.toEqualTypeOf<Job<number>>()
    })
  })

  it('take the last argument from kwargs', () => {
    unused(() => {
      expectTypeOf(q.enqueue(send, ['ada'], { kwargs: { subject: 'hi' } })).resolves.toEqualTypeOf<Job<string>>()
      expectTypeOf(q.enqueue(send, ['ada'], { kwargs: mail, ttl: 5 })).resolves.toEqualTypeOf<Job<string>>()
      expectTypeOf(q.enqueue(send, ['ada', { subject: 'hi' }])).resolves.toEqualTypeOf<Job<string>>()
      const only = (given: Mail) => given.subject
      expectTypeOf(q.enqueue(only, [], { kwargs: mail })).resolves.toEqualTypeOf<Job<string>>()
      expectTypeOf(q.enqueue(only, undefined, { kwargs: mail })).resolves.toEqualTypeOf<Job<string>>()
      // @ts-expect-error kwargs is missing
      void q.enqueue(send, ['ada'])
      // @ts-expect-error of another type
      void q.enqueue(send, ['ada'], { kwargs: { subject: 5 } })
    })
  })

  it('are unknown for a plain reference, and exact for a typed one', () => {
    unused(() => {
      expectTypeOf(q.enqueue('pkg.mod.func', [1, 'a'])).resolves.toEqualTypeOf<Job<unknown>>()
      expectTypeOf(q.enqueue('pkg.mod.func')).resolves.toEqualTypeOf<Job<unknown>>()
      expectTypeOf(q.enqueue('pkg.mod.func', [], { kwargs: { a: 1 } })).resolves.toEqualTypeOf<Job<unknown>>()
      expectTypeOf(q.enqueue(ref<typeof add>('a#add'), [1, 2])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(ref<typeof boom>('a#boom'))).resolves.toEqualTypeOf<Job<never>>()
      // @ts-expect-error a string is not a number
      void q.enqueue(ref<typeof add>('a#add'), ['1', 2])
      // @ts-expect-error none at all
      void q.enqueue(ref<typeof add>('a#add'))
    })
  })

  it('work with generic, overloaded and unknown functions', () => {
    function overloaded(value: string): string
    function overloaded(value: number): number
    function overloaded(value: string | number): string | number {
      return value
    }
    function wrapper<A extends unknown[], R>(func: (...given: A) => R, given: A) {
      return q.enqueue(func, given)
    }
    unused(() => {
      expectTypeOf(q.enqueue(identity, [5])).resolves.toEqualTypeOf<Job<unknown>>()
      expectTypeOf(q.enqueue(identity<number>, [5])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(overloaded, [5])).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(null as unknown as AnyFunction, [1, 'a'])).resolves.toEqualTypeOf<Job<unknown>>()
      expectTypeOf(wrapper(add, [1, 2])).resolves.toEqualTypeOf<Job<number>>()
    })
  })
})

describe('the types of enqueueMany', () => {
  it('follow each item', () => {
    unused(async () => {
      const jobs = await q.enqueueMany([Queue.prepareData(add, [1, 2]), Queue.prepareData(greet, ['ada'])])
      expectTypeOf(jobs).toEqualTypeOf<[Job<number>, Job<string>]>()
      const datas: EnqueueData<number>[] = []
      expectTypeOf(await q.enqueueMany(datas)).toEqualTypeOf<Job<number>[]>()
      expectTypeOf(await group.enqueueMany('low', datas)).toEqualTypeOf<Job<number>[]>()
    })
  })
})

describe('the types of job()', () => {
  it('are those of the function, and of its job', () => {
    unused(() => {
      expectTypeOf(sum(1, 2)).toEqualTypeOf<number>()
      expectTypeOf(sum.delay(1, 2)).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(sum.delayWith({ ttl: 5 })(1, 2)).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(sum.enqueue([1, 2], { ttl: 5 })).resolves.toEqualTypeOf<Job<number>>()
      expectTypeOf(q.enqueue(sum, [1, 2])).resolves.toEqualTypeOf<Job<number>>()
      // @ts-expect-error a string is not a number
      void sum.delay('1', 2)
      // @ts-expect-error a string is not a number
      void q.enqueue(sum, ['1', 2])
    })
  })
})

describe('the type of the current job', () => {
  it('has a signal', () => {
    unused(() => {
      expectTypeOf(getCurrentJob()?.signal).toEqualTypeOf<AbortSignal | undefined>()
      expectTypeOf(getCurrentJob<number>()?.result).returns.resolves.toEqualTypeOf<number>()
    })
  })
})
