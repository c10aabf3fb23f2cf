import { expect, test, vi } from 'vitest'
import { PausedQueues } from './paused-queues.ts'

test('pauses and resumes one queue, or all', () => {
  const paused = new PausedQueues(['high', 'low'])
  expect([paused.isEmpty, paused.names]).toEqual([true, []])
  paused.pause('low')
  expect([paused.isEmpty, paused.has('high'), paused.has('low')]).toEqual([false, false, true])
  paused.pause()
  expect(paused.names).toEqual(['high', 'low'])
  paused.resume('high')
  expect(paused.names).toEqual(['low'])
  paused.resume()
  expect(paused.isEmpty).toBe(true)
})

test('tells of changes, and of nothing else', () => {
  const paused = new PausedQueues(['high', 'low'])
  const listener = vi.fn()
  const end = paused.onChange(listener)
  paused.resume()
  paused.pause('low')
  paused.pause('low')
  paused.pause()
  expect(listener).toHaveBeenCalledTimes(2)
  end()
  paused.resume()
  expect(listener).toHaveBeenCalledTimes(2)
})

test('refuses a queue that the worker does not serve, and changes nothing', () => {
  const paused = new PausedQueues(['high', 'low'])
  const expected = expect.objectContaining({
    code: 'RQ_INVALID_OPTION',
    message: 'Invalid queue: got "other", expected a queue of this worker: high, low.',
  })
  expect(() => paused.pause('other')).toThrow(expected)
  expect(() => paused.resume('other')).toThrow(expected)
  expect(paused.isEmpty).toBe(true)
})
