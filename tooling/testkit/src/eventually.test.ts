import { expect, test } from 'vitest'
import { eventually } from './eventually.ts'

test('returns the first value that is not false', async () => {
  let calls = 0
  const value = await eventually(() => {
    calls += 1
    if (calls === 1) throw new Error('not yet')
    return calls === 2 ? false : 'done'
  })
  expect([value, calls]).toEqual(['done', 3])
})

test('takes undefined for success, so that a block of expectations can be awaited', async () => {
  await expect(eventually(() => undefined)).resolves.toBeUndefined()
})

test('gives up with the last failure as the cause', async () => {
  const cause = new Error('expected 1, got 2')
  const waiting = eventually(() => Promise.reject(cause), { timeoutMs: 30 })
  await expect(waiting).rejects.toMatchObject({
    message: expect.stringMatching(/^Not so after \d+ ms and \d+ tries: expected 1, got 2$/),
    cause,
  })
})

test('gives up on what stays false, and shows the condition and the last state', async () => {
  const status = 'failed'
  const waiting = eventually(() => (status as string) === 'finished', { timeoutMs: 20, show: async () => ({ status }) })
  await expect(waiting).rejects.toThrow(
    /: \(\) => status === "finished" returned false\nAt the end: \{ status: 'failed' \}$/,
  )
})

test('shows why the last state cannot be shown', async () => {
  const show = () => {
    throw new Error('no such job')
  }
  await expect(eventually(() => false, { timeoutMs: 20, show })).rejects.toThrow('no such job')
})
