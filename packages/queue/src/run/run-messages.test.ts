import { deferred } from '@rq/core'
import { dumpCall } from '@rq/job'
import { defaultSerializer } from '@rq/serializer'
import { TestStorage } from '@rq/testkit/memory-storage'
import { describe, expect, it } from 'vitest'
import { getCurrentJob } from './current-job.ts'
import { attemptJob, type RunInput } from './run-job.ts'

/** A job of this function, and a storage that answers its messages when `answer` resolves. */
function sendingJob(func: () => unknown) {
  const storage = new TestStorage()
  const [called, answer] = [deferred<void>(), deferred<unknown>()]
  storage.onCall = (call, run) => {
    if (call.name !== 'jobs.addMessages') return run()
    called.resolve()
    return answer.promise
  }
  const data = dumpCall(defaultSerializer, { func: 'func', args: [], kwargs: {} })
  const input: RunInput = {
    record: { id: 'id', origin: 'q', status: 'started', data, createdAtMs: 1, results: 'hash' },
    context: { storage, serializer: defaultSerializer },
    executionId: 'execution',
    loader: { load: async () => func },
    signal: new AbortController().signal,
    onCallback: () => {},
  }
  return { input, called, answer }
}

describe('attemptJob', () => {
  it.each([
    ['returns', () => void getCurrentJob()?.send('last'), 'returned'],
    [
      'throws',
      () => {
        void getCurrentJob()?.send('last')
        throw new Error('no')
      },
      'raised',
    ],
  ])('of a job that %s ends when all messages are stored that it has not waited for', async (_, func, kind) => {
    const { answer, called, input } = sendingJob(func)
    let hasEnded = false
    const attempt = Promise.resolve(attemptJob(input)).then((ended) => {
      hasEnded = true
      return ended
    })
    await called.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(hasEnded).toBe(false)
    answer.resolve('done')
    expect((await attempt).outcome.kind).toBe(kind)
  })

  it('ends well although a message that it has not waited for cannot be stored', async () => {
    const { answer, input } = sendingJob(() => void getCurrentJob()?.send('lost'))
    answer.reject(new Error('no store'))
    expect((await attemptJob(input)).outcome.kind).toBe('returned')
  })
})
