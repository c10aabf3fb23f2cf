import { RUNS_ALL, redisFixture, startRedis } from '@rq/testkit'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { Run } from './model-run.ts'
import { fewFacts, type Step, sequences } from './model-steps.ts'

const SEQUENCES = Number(process.env.RQ_MODEL_SEQUENCES ?? (RUNS_ALL ? 1000 : 100))
/** Sequences under way at once: their round trips overlap. */
const LANES = 8

// In two parts, so that neither takes minutes on a busy machine.
it.each([1, 2])(`does as the memory storage in ${SEQUENCES} random sequences of steps, part %i`, async (part) => {
  await using redis = await startRedis()
  const client = new Redis(redis.url)
  const seed = Number(fc.readConfigureGlobal().seed) + part * LANES
  let serial = 0
  try {
    const lane = (number: number) =>
      fc.assert(
        fc.asyncProperty(sequences, async (commands) => {
          const prefix = `m${++serial}:`
          await using run = new Run(client, prefix)
          await run.check(commands)
          const keys = await client.keys(`${prefix}*`)
          if (keys.length > 0) await client.unlink(keys)
        }),
        { numRuns: Math.ceil(SEQUENCES / LANES), seed: seed + number },
      )
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)))
    expect(serial).toBeGreaterThanOrEqual(SEQUENCES)
  } finally {
    client.disconnect()
  }
})

/** Random sequences that once failed, without the steps that do not matter. */
const FIXED: Readonly<Record<string, Step[]>> = {
  'a job waits for one that expired, and another takes the id of that one': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'e', ttlS: 1000 }), fewFacts({ id: 'a', dependencies: ['e'] })] },
    { kind: 'expire', id: 'e' },
    { kind: 'enqueue', jobs: [fewFacts({ id: 'e', scheduled: true })] },
  ],
  'one that waits for a slot is gone, and a paused queue holds the slot': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'b' })] },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
    // It shows that there is a worker.
    { kind: 'heartbeat', which: 0 },
    { kind: 'pause', queue: 'r' },
    { kind: 'enqueue', jobs: [fewFacts({ id: 'a', queue: 'r', limit: 'k' })] },
    { kind: 'enqueue', jobs: [fewFacts({ id: 'c', queue: 'r', limit: 'k', ttlS: 1000 })] },
    { kind: 'expire', id: 'c' },
    { kind: 'enqueue', jobs: [fewFacts({ id: 'd', limit: 'k' })] },
  ],
  'a job had a heartbeat, was given back, and is claimed again': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'a' })] },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
    { kind: 'heartbeat', which: 0 },
    { kind: 'give back', which: 0 },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
  ],
  'a job was set aside, its slot went to the next job, and it is tried again': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'a', limit: 'k', retries: 1 }), fewFacts({ id: 'b', limit: 'k' })] },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
    { kind: 'set aside', which: 0 },
    { kind: 'settle', which: 0, outcome: 'raised', thenClaims: true },
  ],
  'a job was set aside, its slot went to the next job, and it is given back': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'a', limit: 'k', retries: 1 }), fewFacts({ id: 'b', limit: 'k' })] },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
    { kind: 'set aside', which: 0 },
    { kind: 'give back', which: 0 },
    { kind: 'claim', queues: ['q'], want: 2, isPrefetch: false },
  ],
  'a job was set aside, and its worker says that it still runs': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'a', limit: 'k', retries: 1 }), fewFacts({ id: 'b', limit: 'k' })] },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
    { kind: 'set aside', which: 0 },
    { kind: 'heartbeat', which: 0 },
    { kind: 'crash', queue: 'q' },
  ],
  'the messages of a job are read that is not kept at its end': [
    { kind: 'enqueue', jobs: [fewFacts({ id: 'a' }), fewFacts({ id: 'b', dependencies: ['a'] })] },
    { kind: 'claim', queues: ['q'], want: 1, isPrefetch: false },
    { kind: 'configure', queue: 'q', keepFinished: null, keepFailed: 0 },
    { kind: 'heartbeat', which: 0 },
    { kind: 'read messages', id: 'a', from: 'job', after: undefined },
    { kind: 'settle', which: 0, outcome: 'raised', thenClaims: true },
  ],
}

it.each(Object.entries(FIXED))('does as the memory storage when %s', async (_, steps) => {
  await using redis = await redisFixture()
  await using run = new Run(redis.client, redis.prefix)
  await run.check(steps)
})
