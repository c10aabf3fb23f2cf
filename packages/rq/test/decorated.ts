import { job, type Queue } from '../src/index.ts'

const sum = (x: number, y: number): number => x + y

/** Bound to the queue of the test that uses it; as an export of its own it can be found by a worker. */
export const add = Object.assign((x: number, y: number): number => sum(x, y), {
  on: (queue: Queue) => job(queue, { timeout: 5, resultTtl: 40 })(add as (x: number, y: number) => number),
})
