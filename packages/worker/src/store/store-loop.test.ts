import { deferred, RqError, silentLogger, systemClock } from '@rq/core'
import {
  type Claimed,
  type ClaimRequest,
  type Lease,
  type Settlement,
  type SettleReply,
  settle,
  type WorkerStore,
} from '@rq/job'
import { eventually } from '@rq/testkit'
import { describe, expect, test, vi } from 'vitest'
import type { CanClaim } from '../holds/claim-check.ts'
import { HeldQueues } from '../holds/held-queues.ts'
import { PausedQueues } from '../holds/paused-queues.ts'
import { JobBudget } from './job-budget.ts'
import { QueueOrder } from './queue-order.ts'
import { ShownState } from './shown-state.ts'
import { StoreLoop } from './store-loop.ts'
import { storeFailures } from './store-retry.ts'

interface Call {
  readonly settlements: readonly Settlement[]
  readonly claim: ClaimRequest | undefined
  answer(jobs: number): void
  fail(): void
}

const job = (n: number): Claimed => ({
  executionId: `e${n}`,
  job: { id: `j${n}`, origin: 'q', status: 'started', data: '', createdAtMs: 0, results: 'hash' },
})

const ended = ({ executionId, job }: Claimed) =>
  settle(job, executionId, { kind: 'returned', startedAtMs: 1, endedAtMs: 2 })

interface Given {
  readonly bytesHeld?: () => number
  /** For how many jobs beside those that are running. */
  readonly room?: number
  readonly maxJobs?: number
  readonly methods?: Partial<WorkerStore>
  readonly queues?: readonly string[]
  readonly canClaim?: CanClaim
}

/** A loop whose store answers when the test says so. */
async function setUp({ bytesHeld = () => 0, canClaim, maxJobs, methods, queues = ['q'], room = 1000 }: Given = {}) {
  const calls: Call[] = []
  const settled: string[] = []
  let serial = 0
  const jobs = (count: number) => Array.from({ length: count }, () => job(++serial))
  const store = {
    claim: async () => ({ jobs: [], suspended: false }),
    settle: (_: string, settlements: readonly Settlement[], claim?: ClaimRequest) => {
      const { promise, reject, resolve } = deferred<SettleReply>()
      const answers = settlements.map(() => 'applied' as const)
      calls.push({
        settlements,
        claim,
        answer: (count) => resolve({ answers, claimed: { jobs: jobs(count), suspended: false } }),
        fail: () => reject(new Error('gone')),
      })
      return promise
    },
    waitForWork: () => new Promise<void>(() => {}),
    ...methods,
  } as unknown as WorkerStore
  const paused = new PausedQueues(queues)
  const loop = new StoreLoop({
    paused,
    canClaim,
    held: new HeldQueues(systemClock),
    bytesHeld,
    concurrency: () => 1,
    largestBytes: 1,
    store,
    workerName: 'w',
    leaseMs: 1,
    queues,
    order: new QueueOrder(queues, 'default'),
    horses: { freeSlots: () => room, hasBacklog: () => false, isPrefetching: true },
    clock: systemClock,
    logger: silentLogger,
    budget: new JobBudget(maxJobs),
    shown: new ShownState(),
    failures: storeFailures(silentLogger),
    isAlone: () => true,
    sharesWaits: false,
    random: () => 0,
    onClaimed: () => {},
    jobsHeld: () => 0,
    onSuspended: () => {},
    onIdle: () => {},
  })
  const run = loop.run()
  await turn()
  const end = (from: number, count: number, bytes = 0) => {
    for (let n = from; n < from + count; n++) {
      const settlement = ended(job(n))
      loop.settle({ bytes, current: () => settlement, onAnswer: () => settled.push(settlement.jobId) })
    }
  }
  return { loop, run, calls, settled, end, paused }
}

const REFUSED = new RqError('RQ_REDIS', 'WRONGTYPE')

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('StoreLoop', () => {
  test('sends what has ended while a call is under way when that is over', async () => {
    const { calls, end } = await setUp()
    end(1, 1)
    await turn()
    end(2, 63)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([1])
    calls[0]?.answer(0)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([1, 63])
  })

  test('sends two more calls beside the first one when they have much to carry, and no fourth', async () => {
    const { calls, end } = await setUp()
    for (const from of [1, 81, 161, 241]) {
      end(from, 80)
      await turn()
    }
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([80, 80, 80])
    calls[1]?.answer(0)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([80, 80, 80, 80])
  })

  test('settles and claims at most 200 jobs in a call', async () => {
    const { calls, end } = await setUp({ room: 1000 })
    end(1, 450)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([200, 200])
    expect(calls.map(({ claim }) => claim?.want)).toEqual([200, 200])
    calls[0]?.answer(0)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([200, 200])
    calls[1]?.answer(0)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([200, 200, 50])
  })

  test('a call whose values have come to 8 MB carries no more', async () => {
    const { calls, end } = await setUp()
    end(1, 5, 3_000_000)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([3])
    calls[0]?.answer(0)
    await turn()
    expect(calls.map(({ settlements }) => settlements.length)).toEqual([3, 2])
  })

  test('while the jobs that are held are very large, none is claimed beside them', async () => {
    let bytes = 60_000_000
    const { calls, end, loop } = await setUp({ bytesHeld: () => bytes })
    end(1, 1)
    await turn()
    expect(calls.map(({ claim }) => claim)).toEqual([undefined])
    calls[0]?.answer(0)
    bytes = 10
    loop.nudge()
    await turn()
    end(2, 1)
    await turn()
    expect(calls.at(-1)?.claim?.want).toBeGreaterThan(0)
  })

  test('two calls together ask for no more than there is room for', async () => {
    const { calls, end } = await setUp({ room: 100 })
    end(1, 80)
    await turn()
    end(81, 80)
    await turn()
    expect(calls.map(({ claim }) => claim?.want)).toEqual([100, undefined])
  })

  test('two calls together claim no more than maxJobs', async () => {
    const { calls, end } = await setUp({ maxJobs: 130 })
    end(1, 80)
    await turn()
    end(81, 80)
    await turn()
    expect(calls.map(({ claim }) => claim?.want)).toEqual([130, undefined])
  })

  test('sends a call that has failed again, whatever has become of the other', async () => {
    const { calls, end, settled } = await setUp()
    end(1, 80)
    await turn()
    end(81, 80)
    await turn()
    calls[0]?.fail()
    calls[1]?.answer(0)
    await turn()
    expect(settled).toHaveLength(80)
    await eventually(() => calls.length === 3)
    expect(calls.map(({ settlements }) => settlements[0]?.jobId)).toEqual(['j1', 'j81', 'j1'])
    calls[2]?.answer(0)
    await turn()
    expect(new Set(settled).size).toBe(160)
  })

  test('settles jobs while the store refuses its claims', async () => {
    const claim = vi.fn(() => Promise.reject(REFUSED))
    const { calls, end, loop, run, settled } = await setUp({ methods: { claim } })
    end(1, 1)
    await turn()
    calls[0]?.answer(0)
    await turn()
    expect(claim).toHaveBeenCalledTimes(1)
    expect(settled).toEqual(['j1'])
    loop.close()
    await run
  })

  test('returns all jobs but the one that the store refuses to take back', async () => {
    const giveBack = async (leases: readonly Lease[]) => {
      if (leases.some(({ jobId }) => jobId === 'j2')) throw REFUSED
      return leases.map(() => 'returned' as const)
    }
    const { loop, run } = await setUp({ methods: { giveBack } })
    const lease = (n: number) => ({ queue: 'q', jobId: `j${n}`, executionId: `e${n}` })
    const answers = await Promise.all([1, 2, 3].map((n) => loop.giveBack(lease(n))))
    expect(answers).toEqual(['returned', 'lost', 'returned'])
    loop.close()
    await run
  })

  test('goes on when the store refuses to release dependents', async () => {
    const releaseDependents = vi.fn(() => Promise.reject(REFUSED))
    const settle = async (_: string, settlements: readonly Settlement[]) => ({
      answers: settlements.map(() => 'applied' as const),
      claimed: { jobs: [], suspended: false },
      releasing: true,
    })
    const { end, loop, run } = await setUp({ methods: { releaseDependents, settle } })
    end(1, 1)
    await eventually(() => expect(releaseDependents).toHaveBeenCalled())
    await eventually(() => !loop.isWriting)
    expect(releaseDependents).toHaveBeenCalledTimes(1)
    loop.close()
    await run
  })

  test('is writing until the last of its calls is over', async () => {
    const { calls, end, loop, run } = await setUp()
    end(1, 80)
    await turn()
    end(81, 80)
    await turn()
    loop.stopClaiming()
    calls[0]?.answer(0)
    await turn()
    expect(loop.isWriting).toBe(true)
    calls[1]?.answer(0)
    await turn()
    expect(loop.isWriting).toBe(false)
    loop.close()
    await run
  })
})

describe('StoreLoop, when queues are held back', () => {
  /** A loop on two empty queues that notes of which it claims, and for which it waits. */
  async function setUpTwo(given: Pick<Given, 'canClaim'> = {}) {
    const claims: (readonly string[])[] = []
    const waits: { queues: readonly string[]; wake: () => void }[] = []
    const made = await setUp({
      ...given,
      queues: ['a', 'b'],
      methods: {
        claim: async ({ queues }) => {
          claims.push(queues)
          return { jobs: [], suspended: false }
        },
        waitForWork: (queues, _, signal) => {
          const { promise, resolve } = deferred<undefined>()
          waits.push({ queues, wake: () => resolve(undefined) })
          signal.addEventListener('abort', () => resolve(undefined), { once: true })
          return promise
        },
      },
    })
    const pause = (queue?: string) => {
      made.paused.pause(queue)
      made.loop.pausesChanged()
    }
    const resume = (queue?: string) => {
      made.paused.resume(queue)
      made.loop.pausesChanged()
    }
    return { ...made, claims, waits, pause, resume }
  }

  const turns = async () => {
    for (let n = 0; n < 5; n++) await turn()
  }

  test('claims of the others, and waits for these only', async () => {
    const { claims, loop, pause, run, waits } = await setUpTwo()
    pause('a')
    await turns()
    waits.at(-1)?.wake()
    await turns()
    expect([claims.at(-1), waits.at(-1)?.queues]).toEqual([['b'], ['b']])
    loop.close()
    await run
  })

  test('claims of no queue and waits for none while all are paused, and its settlements go on', async () => {
    const { calls, claims, end, loop, pause, run, settled, waits } = await setUpTwo()
    await turns()
    pause()
    waits.at(-1)?.wake()
    end(1, 1)
    await turns()
    expect([calls.map(({ claim }) => claim), claims.length, waits.length]).toEqual([[undefined], 1, 1])
    calls[0]?.answer(0)
    await turns()
    expect([settled, claims.length, waits.length]).toEqual([['j1'], 1, 1])
    expect([loop.mayFindJobs, loop.queuesEmpty]).toEqual([false, true])
    loop.close()
    await run
  })

  test('claims at once when one is resumed, and waits for it from then on', async () => {
    const { claims, loop, pause, resume, run, waits } = await setUpTwo()
    pause('a')
    waits.at(-1)?.wake()
    await turns()
    expect(waits.at(-1)?.queues).toEqual(['b'])
    resume('a')
    await turns()
    expect([claims.at(-1), waits.at(-1)?.queues]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    loop.close()
    await run
  })

  test('claims nothing without a yes of canClaim, and all at once when it comes', async () => {
    const answer = deferred<boolean>()
    const { claims, loop, run } = await setUpTwo({ canClaim: () => answer.promise })
    await turns()
    expect([claims, loop.queuesEmpty, loop.mayFindJobs]).toEqual([[], false, false])
    answer.resolve(true)
    await turns()
    expect(claims).toEqual([['a', 'b']])
    loop.close()
    await run
  })

  test('a queue that canClaim refuses is not empty, and not waited for', async () => {
    const { claims, loop, run, waits } = await setUpTwo({ canClaim: (queue) => queue === 'a' })
    await turns()
    expect([claims, waits.map(({ queues }) => queues), loop.queuesEmpty]).toEqual([[['a']], [['a']], false])
    loop.close()
    await run
  })

  test.each([
    ['canClaim', { canClaim: () => true }, undefined],
    ['nothing else', {}, 1],
  ])('a wait for one queue claims along with it where there is %s to ask', async (_, given, want) => {
    const waitForWork = vi.fn((..._: Parameters<WorkerStore['waitForWork']>) => new Promise<undefined>(() => {}))
    const { loop, run } = await setUp({ ...given, methods: { waitForWork } })
    await turns()
    expect(waitForWork.mock.calls.map(([queues, , , claim]) => [queues, claim?.want])).toEqual([[['q'], want]])
    loop.close()
    await run
  })

  test('asks canClaim nothing once it claims no more', async () => {
    const canClaim = vi.fn(() => true)
    const { claims, loop, run } = await setUpTwo({ canClaim })
    await turns()
    loop.stopClaiming()
    const asked = canClaim.mock.calls.length
    loop.nudge()
    await turns()
    expect([canClaim.mock.calls.length, claims.length]).toEqual([asked, 1])
    loop.close()
    await run
  })
})
