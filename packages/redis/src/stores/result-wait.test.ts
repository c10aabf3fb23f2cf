import { describe, expect, it } from 'vitest'
import { ResultWait } from './result-wait.ts'

const ANSWER = { status: 'finished', result: null } as const
const GONE = { status: undefined, result: null } as const
const never = () => false

describe('ResultWait', () => {
  it('begins with a look at a job that is stored, and ends when it is told so', async () => {
    const wait = new ResultWait('a', true, true)
    expect(await wait.next(never)).toBe('look')
    expect(await wait.next(() => true)).toBeUndefined()
    const next = wait.next(never)
    wait.tell(ANSWER)
    expect(await next).toBe(ANSWER)
  })

  it('keeps what it is told before it listens; an answer is final', async () => {
    const wait = new ResultWait('a', true, false)
    wait.tell(ANSWER)
    wait.tell()
    wait.noteStored(false)
    expect([await wait.next(never), await wait.next(never)]).toEqual([ANSWER, ANSWER])
  })

  it('puts a notice aside that may be of an earlier job of the id, and believes it when there is no job', async () => {
    const wait = new ResultWait('named', true, false)
    wait.tell(ANSWER)
    wait.noteStored(true)
    expect(await wait.next(never)).toBe('look')
    wait.tellGone(GONE)
    expect(await wait.next(never)).toBe(ANSWER)
    const other = new ResultWait('named', true, false)
    other.noteStored(true)
    expect(await other.next(never)).toBe('look')
    other.tellGone(GONE)
    expect(await other.next(never)).toBe(GONE)
  })

  it('throws what failed', async () => {
    const wait = new ResultWait('a', false, false)
    const next = wait.next(never)
    wait.fail(new Error('no subscription'))
    await expect(next).rejects.toThrow('no subscription')
  })
})
