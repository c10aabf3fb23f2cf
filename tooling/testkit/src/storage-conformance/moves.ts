import { LEGAL_MOVES, type Storage } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { claimRequest, end, newJob, newWorker, RAISED, RETURNED, TIMES } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

const STOPPED = { kind: 'stopped', error: 'stopped', ...TIMES } as const
const FAR_MS = 4_000_000_000_000
const LIMIT = { key: 'limit', concurrency: 1 }

/** Every move of `LEGAL_MOVES`; that there are no others is checked after every call of the whole suite. */
export function describeMoves(name: string, open: OpenStorage): void {
  describe(`${name}: moves`, () => {
    it('makes every move that is legal', async () => {
      await using test = await open()
      const { storage } = test
      await moveWaitingJobs(storage)
      await moveStartedJobs(storage)
      await moveEndedJobs(storage)
      await moveLimitedJobs(storage)
      // Of a job that was only created, no other move can be seen; `ready_to_enqueue` is written by Python alone.
      const fromOurs = Object.entries(LEGAL_MOVES).filter(([from]) => from !== 'created' && from !== 'ready_to_enqueue')
      const legal = fromOurs.flatMap(([from, all]) => all.map((to) => `${from} -> ${to}`))
      expect([...test.moves].sort()).toEqual(['created -> canceled', ...legal].sort())
    })
  })
}

const cancel = (storage: Storage, jobId: string) =>
  storage.jobs.cancel({ jobId, enqueueDependents: false, removeFromDependencies: false })

async function start(storage: Storage, queue = 'default') {
  return (await storage.workers.claim(claimRequest({ queues: [queue] }))).jobs
}

async function moveWaitingJobs(storage: Storage): Promise<void> {
  const { jobs, queues, schedules, workers } = storage
  await jobs.save(newJob({ id: 'created' }).record)
  await cancel(storage, 'created')
  await queues.enqueue([newJob({ id: 'queued' })])
  await cancel(storage, 'queued')

  const waiting = ['deferred', 'released'].map((id) => newJob({ id, origin: 'other', dependencyIds: ['first'] }))
  await queues.enqueue([newJob({ id: 'first' }), ...waiting])
  await cancel(storage, 'deferred')
  const late = { dueMs: FAR_MS }
  await queues.enqueue([
    newJob({ id: 'scheduled', origin: 'other' }, late),
    newJob({ id: 'due', origin: 'other' }, late),
    newJob({ id: 'due-waits', origin: 'other', dependencyIds: ['first'] }, late),
  ])
  await cancel(storage, 'scheduled')
  await schedules.promote('due', false)
  await schedules.promote('due-waits', false)
  const first = await start(storage)
  await workers.giveBack(first.map(({ executionId }) => ({ queue: 'default', jobId: 'first', executionId })))
  await end(storage, await start(storage), RETURNED)
}

async function moveStartedJobs(storage: Storage): Promise<void> {
  const { queues } = storage
  await queues.enqueue([newJob({ id: 'finishes' }), newJob({ id: 'retried', retriesLeft: 1, retryIntervalsS: [60] })])
  const [finishes, retried] = (await start(storage)).map((one) => [one])
  await end(storage, finishes ?? [], RETURNED)
  await end(storage, retried ?? [], RAISED)
}

async function moveEndedJobs(storage: Storage): Promise<void> {
  const { jobs, queues } = storage
  await cancel(storage, 'finishes')
  for (const outcome of [RAISED, STOPPED]) {
    await queues.enqueue([newJob({ id: 'ends' })])
    await end(storage, await start(storage), outcome)
    await jobs.requeue('ends', false)
    await end(storage, await start(storage), outcome)
    await cancel(storage, 'ends')
    await jobs.delete({ jobId: 'ends', deleteDependents: false })
  }
  for (const outcome of [RETURNED, RAISED, STOPPED]) {
    await queues.enqueue([newJob({ id: 'canceled' })])
    const running = await start(storage)
    await cancel(storage, 'canceled')
    await end(storage, running, outcome)
    await jobs.delete({ jobId: 'canceled', deleteDependents: false })
  }
}

/** A job holds the only slot while the others come to wait for it. */
async function moveLimitedJobs(storage: Storage): Promise<void> {
  const { jobs, queues, schedules, workers } = storage
  const limited = (id: string, origin: string) => newJob({ id, origin, rateLimit: LIMIT })
  for (const outcome of [RAISED, STOPPED]) {
    const id = outcome.kind
    await queues.enqueue([limited(id, id)])
    await end(storage, await start(storage, id), outcome)
  }
  await queues.enqueue([
    newJob({ id: 'p' }),
    newJob({ id: 'freed', origin: 'limited', rateLimit: LIMIT, dependencyIds: ['p'] }),
    newJob({ id: 'due-limited', origin: 'limited', rateLimit: LIMIT }, { dueMs: FAR_MS }),
  ])
  await queues.enqueue([newJob({ id: 'holds', origin: 'holding', rateLimit: LIMIT, repeatsLeft: 1 })])
  await end(storage, await start(storage), RETURNED)
  await schedules.promote('due-limited', false)
  await jobs.requeue('raised', false)
  await jobs.requeue('stopped', false)
  await cancel(storage, 'freed')
  // The repeat goes behind those that wait for the slot; the first of them gets it.
  await end(storage, await start(storage, 'holding'), RETURNED)
  expect(await jobs.status('holds')).toBe('rate_limited')
  expect(await workers.claim(claimRequest({ queues: ['limited'] }))).toMatchObject({ jobs: [{}] })

  // A job of a queue without workers leaves its slot to one of a queue that has one.
  const shared = { key: 'shared', concurrency: 1 }
  await workers.register(newWorker({ name: 'w', queues: ['served'] }), 60_000)
  await queues.enqueue([newJob({ id: 'idles', origin: 'idle', rateLimit: shared })])
  await queues.enqueue([newJob({ id: 'served', origin: 'served', rateLimit: shared })])
}
