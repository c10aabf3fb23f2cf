import { RqError, silentLogger } from '@rq/core'
import { type ClaimRequest, type SettleAnswer, type Settlement, settle, type WorkerStore } from '@rq/job'
import { describe, expect, test } from 'vitest'
import { SettlementSender } from './settlement-sender.ts'
import { type Refused, StoreRetry, storeFailures } from './store-retry.ts'

const CLAIM: ClaimRequest = { queues: ['q'], want: 1, workerName: 'w', leaseMs: 1, isPrefetch: false }
const REFUSED = new RqError('RQ_REDIS', 'ERR invalid bulk length')

function settlement(id: string): Settlement {
  const record = { id, origin: 'q', status: 'started', data: '', createdAtMs: 0, results: 'hash' } as const
  return settle(record, `e-${id}`, { kind: 'returned', startedAtMs: 1, endedAtMs: 2 })
}

/** Sends settlements of which some cannot be packed, and returns the answers. */
async function sendBroken(broken: ReadonlySet<string>, ids: readonly string[]) {
  const store = {
    settle: async (_: string, settlements: readonly Settlement[]) => ({ answers: settlements.map(() => 'applied') }),
  } as unknown as WorkerStore
  const retry = new StoreRetry({ failures: storeFailures(silentLogger).calls, signal: new AbortController().signal })
  const answers: Record<string, SettleAnswer | Refused> = {}
  const pending = ids.map((id) => ({
    current() {
      if (broken.has(id)) throw new TypeError('no outcome')
      return settlement(id)
    },
    bytes: 0,
    onAnswer: (answer: SettleAnswer | Refused) => {
      answers[id] = answer
    },
  }))
  await new SettlementSender(store, 'w', retry).send(pending, CLAIM)
  return answers
}

type OnCall = (ids: readonly string[], claims: boolean, applied: Set<string>) => void

/** Sends one settlement for each id. `onCall` throws what the store rejects with. Applied ones are lost later. */
async function send(ids: readonly string[], onCall: OnCall) {
  const applied = new Set<string>()
  const calls: string[] = []
  const store = {
    settle: async (_: string, settlements: readonly Settlement[], claim?: ClaimRequest) => {
      const sent = settlements.map(({ jobId }) => jobId)
      calls.push(sent.join('') + (claim === undefined ? '' : '+'))
      onCall(sent, claim !== undefined, applied)
      const answers = sent.map((id): SettleAnswer => (applied.has(id) ? 'lost' : 'applied'))
      for (const id of sent) applied.add(id)
      return { answers, claimed: { jobs: [], suspended: false } }
    },
  } as Partial<WorkerStore> as WorkerStore
  const retry = new StoreRetry({
    failures: storeFailures(silentLogger).calls,
    signal: new AbortController().signal,
    random: () => 0,
  })
  const answers: Record<string, SettleAnswer | Refused> = {}
  const pending = ids.map((id) => ({
    current: () => settlement(id),
    bytes: 0,
    onAnswer: (answer: SettleAnswer | Refused) => {
      answers[id] = answer
    },
  }))
  const end = await new SettlementSender(store, 'w', retry).send(pending, CLAIM)
  return { answers, calls, end, applied }
}

describe('SettlementSender', () => {
  test('applies all but the settlement that the store refuses', async () => {
    const { answers, applied, calls } = await send(['a', 'b', 'c', 'd'], (ids) => {
      if (ids.includes('c')) throw REFUSED
    })
    const refused = { refusal: REFUSED }
    expect(answers).toEqual({ a: 'applied', b: 'applied', c: refused, d: 'applied' })
    expect([...applied]).toEqual(['a', 'b', 'd'])
    expect(calls).toEqual(['abcd+', 'abcd', 'ab', 'cd', 'c', 'd'])
  })

  test('applies all but those that cannot be made', async () => {
    const refused = { refusal: expect.any(TypeError) }
    const answers = await sendBroken(new Set(['b', 'c']), ['a', 'b', 'c', 'd', 'e'])
    expect(answers).toEqual({ a: 'applied', b: refused, c: refused, d: 'applied', e: 'applied' })
  })

  test.each([
    new TypeError('mistaken'),
    new RangeError('too long'),
    new Error('anything'),
    new RqError('RQ_INVALID_OPTION', 'mistaken'),
  ])('does not repeat what failed with %s, which is no outage', async (error) => {
    const { answers, calls } = await send(['a'], () => {
      throw error
    })
    expect(answers).toEqual({ a: { refusal: error } })
    expect(calls).toEqual(['a+', 'a'])
  })

  test('applies all when the store refuses the claim only, or those of a call together', async () => {
    const claimless = await send(['a', 'b'], (_, claims) => {
      if (claims) throw REFUSED
    })
    expect(claimless.answers).toEqual({ a: 'applied', b: 'applied' })
    expect(claimless.end.claimed).toBeUndefined()
    const { answers } = await send(['a', 'b', 'c'], (ids) => {
      if (ids.length > 2) throw REFUSED
    })
    expect(answers).toEqual({ a: 'applied', b: 'applied', c: 'applied' })
  })

  test('a settlement that was applied by a call that failed is not lost', async () => {
    const { answers } = await send(['a', 'b'], (ids, _, applied) => {
      if (!ids.includes('b')) return
      // A script that fails leaves what it has written.
      if (ids.includes('a')) applied.add('a')
      throw REFUSED
    })
    expect(answers).toEqual({ a: 'applied', b: { refusal: REFUSED } })
  })

  test.each([
    new RqError('RQ_REDIS', 'LOADING', { retryable: true }),
    new RqError('RQ_REDIS_AUTH', 'NOAUTH'),
    new RqError('RQ_REDIS_UNREACHABLE', 'no connection'),
  ])('repeats the call as it was when %s says nothing about what it carries', async (error) => {
    let failures = 2
    const { answers, calls } = await send(['a', 'b'], () => {
      if (failures-- > 0) throw error
    })
    expect(answers).toEqual({ a: 'applied', b: 'applied' })
    expect(calls).toEqual(['ab+', 'ab+', 'ab+'])
  })
})
