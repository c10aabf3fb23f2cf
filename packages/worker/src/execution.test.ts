import type { Logger } from '@rq/core'
import type { Settlement } from '@rq/job'
import { TestStorage } from '@rq/testkit/memory-storage'
import { rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'
import { Worker } from './worker.ts'

/**
 * A store that throws what `refuse` returns when a settlement is among those of a call, and `refuseAside` when a job is
 * set aside; and a worker on it.
 */
function refusing(refuse: (settlement: Settlement) => Error | undefined, refuseAside?: () => Error) {
  const store = new TestStorage()
  store.onCall = async ({ args, name }, run) => {
    if (name === 'workers.settle') {
      for (const settlement of args[1] as Settlement[]) {
        const error = refuse(settlement)
        if (error !== undefined) throw error
      }
    }
    if (name === 'workers.setAside' && refuseAside !== undefined) throw refuseAside()
    return run()
  }
  const lines: string[] = []
  const note = (message: string) => void lines.push(message)
  const logger: Logger = { debug: note, info: () => {}, warn: note, error: note, child: () => logger }
  const fail = () => {
    throw new Error('it broke')
  }
  const worker = new Worker('default', {
    storage: store,
    serializer: 'json',
    horse: 'inline',
    concurrency: 5,
    processTitle: false,
    functions: { add: (a: number, b: number) => a + b, fail },
    logger,
  })
  return { store, worker, lines }
}

const OTHERS = 20
const enqueueOthers = (store: TestStorage) =>
  Array.from({ length: OTHERS }, (_, n) => store.enqueue('add', { args: [n, 1] }))

describe('a job whose end the store refuses', () => {
  test.each([
    new TypeError('The first argument must be of type string'),
    new RangeError('Invalid time value'),
    new Error('invalid bulk length'),
  ])('fails when %s is thrown for its result; the others are not kept waiting', async (error) => {
    const { lines, store, worker } = refusing(({ jobId, result }) =>
      jobId === 'bad' && result?.returnValue !== undefined ? error : undefined,
    )
    store.enqueue('add', { id: 'bad', args: [1, 2] })
    const others = enqueueOthers(store)
    await worker.work({ burst: true })
    const text = `RqError [RQ_SETTLE_REFUSED]: The store refused the result of the job: ${error.message}`
    expect(store.latest('bad')?.excString?.split('\n').at(-1)).toBe(text)
    expect(others.map((id) => store.status(id))).toEqual(others.map(() => 'finished'))
    // It was no outage.
    expect(lines).toEqual(['default: Job failed (bad)'])
  })

  test('fails instead of being retried when the store refuses the retry', async () => {
    const { lines, store, worker } = refusing(({ to }) => (to === 'scheduled' ? new RangeError('inf') : undefined))
    store.enqueue('fail', { id: 'bad', retriesLeft: 3, retryIntervalsS: [5] })
    await worker.work({ burst: true })
    expect(store.status('bad')).toBe('failed')
    expect(store.latest('bad')?.excString).toBe(
      'The job should have become scheduled.\nRqError [RQ_SETTLE_REFUSED]: The store refused the error of the job: inf',
    )
    expect(lines.at(-1)).toBe('default: The store refused the end of the job, which fails (bad)')
  })

  test('fails without a text when no text can be stored', async () => {
    const { store, worker } = refusing(({ result }) => (result === undefined ? undefined : new TypeError('no')))
    store.enqueue('fail', { id: 'bad' })
    await worker.work({ burst: true })
    expect([store.status('bad'), store.latest('bad')]).toEqual(['failed', undefined])
  })

  test('is set aside when nothing can be stored for it, and a warm stop ends', async () => {
    const { lines, store, worker } = refusing(({ jobId }) => (jobId === 'bad' ? new TypeError('no') : undefined))
    store.enqueue('add', { id: 'bad', args: [1, 2] })
    const others = enqueueOthers(store)
    const working = worker.work()
    await new Promise<void>((resolve) => {
      worker.on('job:finished', () => {
        if (others.every((id) => store.status(id) === 'finished')) resolve()
      })
    })
    await worker.stop()
    await working
    const broken = await store.queues.brokenJobs('default', 10)
    expect(broken).toMatchObject([{ id: 'bad', keyType: 'hash', refusal: 'no' }])
    expect(await rescue(store.workers)).toEqual([])
    expect(lines.at(-1)).toMatch(/^default: The store refused each end of the job, which was set aside: .* \(bad\)$/)
  })

  test('is let go, to be taken over, when it cannot even be set aside', async () => {
    const { lines, store, worker } = refusing(
      () => new TypeError('no'),
      () => new TypeError('no place'),
    )
    store.enqueue('add', { id: 'bad', args: [1, 2] })
    await worker.work({ maxJobs: 1 })
    expect(store.status('bad')).toBe('started')
    expect(lines.at(-1)).toMatch(/^default: The store refused the end of the job; another worker takes .* \(bad\)$/)
  })
})
