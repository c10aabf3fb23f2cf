import { describe, expect, test } from 'vitest'
import type { Task } from '../inside-horse/protocol.ts'
import { WaitingLine } from './pending-tasks.ts'

const job = (id: string) => ({ kind: 'job', id, record: {} }) as Task
const callback = (id: string) => ({ kind: 'stopped_callback', id, record: {} }) as Task

function rest(line: WaitingLine): string[] {
  const ids: string[] = []
  line.take(({ id }) => ids.push(id) > 0)
  return ids
}

describe('WaitingLine', () => {
  test('keeps order, and puts back to the head', () => {
    const line = new WaitingLine()
    line.add([job('1'), job('2')], 0)
    line.putBack([job('a'), job('b')], 0)
    expect(rest(line)).toEqual(['a', 'b', '1', '2'])
  })

  test('take stops at the first that is not accepted', () => {
    const line = new WaitingLine()
    line.add([job('1'), job('2'), job('3')], 0)
    line.take(({ id }) => id === '1')
    expect(rest(line)).toEqual(['2', '3'])
  })

  test('gives out old jobs, but never callbacks', () => {
    const line = new WaitingLine()
    line.add([job('old'), callback('cb')], 0)
    line.add([job('new')], 10)
    expect(line.takeJobsSince(5).map(({ id }) => id)).toEqual(['old'])
    expect(rest(line)).toEqual(['cb', 'new'])
  })

  test('a job struck out while a horse had it is caught when it comes back, or when it begins', () => {
    const line = new WaitingLine()
    line.strike('1', 'stopped')
    line.strike('2', 'lease_lost')
    line.putBack([job('1'), job('3')], 0)
    expect(line.takeStruck()).toEqual([{ task: job('1'), reason: 'stopped' }])
    expect(rest(line)).toEqual(['3'])
    expect(line.unstrike('2')).toBe('lease_lost')
    expect(line.unstrike('2')).toBeUndefined()
  })
})
