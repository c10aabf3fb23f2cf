import { TestStorage } from '@rq/testkit/memory-storage'
import { job, Queue } from '../src/index.ts'

export const storage = new TestStorage()

/** As the documentation shows it. */
export const sum = job('low', { storage, timeout: 5, resultTtl: 60, description: 'adds' })(
  (x: number, y: number) => x + y,
)

/** The function behind a wrapper may be exported too. */
export function multiply(x: number, y: number): number {
  return x * y
}
export const times = job(new Queue('objects', { storage }))(multiply)
