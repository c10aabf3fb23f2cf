import { RUNS_ALL, startRedis } from '@rq/testkit'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { Run } from './model-run.ts'
import { sequences } from './model-steps.ts'

const SEQUENCES = Number(process.env.RQ_MODEL_SEQUENCES ?? (RUNS_ALL ? 2000 : 200))
/** Sequences under way at once: their round trips overlap. */
const LANES = 8

it(`does what the memory storage does in ${SEQUENCES} random sequences of steps`, async () => {
  await using redis = await startRedis()
  const client = new Redis(redis.url)
  const seed = Number(process.env.RQ_MODEL_SEED ?? Date.now() % 1_000_000)
  let serial = 0
  try {
    const lane = (number: number) =>
      fc.assert(
        fc.asyncProperty(sequences, async (commands) => {
          const prefix = `m${++serial}:`
          await new Run(client, prefix).check(commands)
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
