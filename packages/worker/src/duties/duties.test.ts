import { RqError, silentLogger } from '@rq/core'
import type { QueueStore, WorkerStore } from '@rq/job'
import { FakeClock } from '@rq/testkit'
import { describeDuty } from '@rq/testkit/duty-conformance'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { HeldQueues } from '../holds/held-queues.ts'
import { PausedQueues } from '../holds/paused-queues.ts'
import { Commands } from './commands.ts'
import { heartbeat } from './heartbeat.ts'
import { maintenance } from './maintenance.ts'
import { Pauses } from './pauses.ts'
import { recovery } from './recovery.ts'

const logger = silentLogger
const worker = { name: 'w', queues: ['q'], pid: 1, hostname: 'h', version: '1', instance: 'i', ttlS: 420 }
const renewsAll = (work: () => Promise<void>) => async () => {
  await work()
  return { lost: [], isNameTaken: false }
}
const jobs = { firstJobId: undefined, leasesForHeartbeat: () => [], lose() {} }

describeDuty('The heartbeat', (work) =>
  heartbeat({
    store: { heartbeat: renewsAll(work) } as Partial<WorkerStore> as WorkerStore,
    worker,
    jobs,
    leaseMs: 900,
    everyMs: 300,
    state: () => 'idle',
    mustKeep: () => false,
    onAnswered() {},
    onNameTaken() {},
    logger,
  }),
)

describeDuty('The recovery', (work) =>
  recovery({
    largestBytes: 1,
    store: {
      recover: async () => {
        await work()
        return { jobs: [] }
      },
      releaseDependents: async () => false,
    } as Partial<WorkerStore> as WorkerStore,
    workerName: 'w',
    queues: ['q'],
    leaseMs: 900,
    isWanted: () => true,
    onRecovered() {},
    onDone() {},
    logger,
  }),
)

describeDuty('The maintenance', (work) =>
  maintenance({
    store: {
      cleanUp: work,
      maintenanceTurn: async () => ({ queues: ['q'], shared: true }),
      releaseDependents: async () => false,
    } as Partial<WorkerStore> as WorkerStore,
    queueStore: { registryCleanup: async () => 0 } as Partial<QueueStore> as QueueStore,
    worker,
    everyMs: 1000,
    logger,
  }),
)

describeDuty('The showing of pauses', (work) => {
  const paused = new PausedQueues(['q'])
  paused.pause()
  const store = { showHolds: work } as Partial<WorkerStore> as WorkerStore
  const held = new HeldQueues(new FakeClock())
  return new Pauses({ store, worker, paused, held, everyMs: 300, onChange() {}, logger })
})

describeDuty('The listening for commands', (work) => {
  const onCommand = async () => {
    await work()
    return async () => {}
  }
  return new Commands({
    store: { onCommand } as Partial<WorkerStore> as WorkerStore,
    workerName: 'w',
    logger,
    onShutdown() {},
    onKillHorse() {},
    onPause() {},
    onResume() {},
    onStopJob() {},
  })
})

describe('The recovery', () => {
  it('looks for ended leases at least three times in a lease', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    let looks = 0
    const duty = recovery({
      largestBytes: 1,
      store: {
        recover: async () => {
          looks += 1
          return { jobs: [] }
        },
        releaseDependents: async () => false,
      } as Partial<WorkerStore> as WorkerStore,
      workerName: 'w',
      queues: ['q'],
      leaseMs: 15_000,
      isWanted: () => true,
      onRecovered() {},
      onDone() {},
      logger,
    })
    duty.start()
    for (let passed = 1; passed <= 20; passed++) {
      const before = looks
      await vi.advanceTimersByTimeAsync(5000)
      expect(looks).toBeGreaterThan(before)
    }
    await duty.stop()
  })

  it('of many queues asks once, and then takes over in those that have something', async () => {
    const calls: unknown[] = []
    const duty = recovery({
      largestBytes: 1,
      store: {
        findRecoverable: async (request) => {
          calls.push(request)
          return ['b', 'd']
        },
        recover: async ({ queue }) => {
          calls.push(queue)
          if (queue === 'b') throw new RqError('RQ_REDIS', 'WRONGTYPE')
          return { jobs: [] }
        },
        releaseDependents: async () => calls.push('dependents') > 100,
      } as Partial<WorkerStore> as WorkerStore,
      workerName: 'w',
      queues: ['a', 'b', 'c', 'd'],
      leaseMs: 900,
      isWanted: () => true,
      onRecovered() {},
      onDone() {},
      logger,
    })
    await expect(duty.runOnce()).rejects.toThrow('WRONGTYPE')
    expect(calls).toEqual([{ queues: ['a', 'b', 'c', 'd'], leaseMs: 900 }, 'b', 'd', 'dependents'])
  })
})

describe('The maintenance', () => {
  it('makes its other steps when the store refuses one, and then fails', async () => {
    const done: unknown[] = []
    const duty = maintenance({
      store: {
        maintenanceTurn: async () => ({ queues: ['a', 'b'], shared: true }),
        cleanUp: async (queues) => void done.push(queues),
        releaseDependents: async () => done.push('dependents') > 100,
      } as Partial<WorkerStore> as WorkerStore,
      queueStore: {
        registryCleanup: async (queue, kind) => {
          if (queue === 'a') throw new RqError('RQ_REDIS', `WRONGTYPE ${kind}`)
          return done.push([queue, kind])
        },
      } as Partial<QueueStore> as QueueStore,
      worker,
      everyMs: 1000,
      logger,
    })
    await expect(duty.runOnce()).rejects.toThrow('WRONGTYPE finished')
    expect(done).toEqual([['b', 'finished'], ['b', 'failed'], ['a', 'b'], 'dependents'])
  })

  it('tidies what no other worker tidies in this interval', async () => {
    const done: unknown[] = []
    const duty = maintenance({
      store: {
        maintenanceTurn: async (request) => {
          done.push(request)
          return { queues: ['b'], shared: false }
        },
        cleanUp: async (queues, options) => void done.push([queues, options?.shared]),
      } as Partial<WorkerStore> as WorkerStore,
      queueStore: {
        registryCleanup: async (queue, kind) => done.push([queue, kind]),
      } as Partial<QueueStore> as QueueStore,
      worker: { ...worker, queues: ['a', 'b'] },
      everyMs: 1000,
      logger,
    })
    await duty.runOnce()
    expect(done).toEqual([
      { worker: { ...worker, queues: ['a', 'b'] }, queues: ['a', 'b'], forMs: 1000 },
      ['b', 'finished'],
      ['b', 'failed'],
      [['b'], false],
    ])
  })
})
