import { RqError } from '@rq/core'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { type Fault, faultProxy, findViolations, type RedisDump, redisFixture } from '@rq/testkit'
import type { Operation } from './producer-operations.ts'

/** A state without values that differ from run to run: times, scores, executions, tokens of unique jobs. */
function lasting(dump: RedisDump): unknown {
  const text = JSON.stringify(dump, (name, value) => {
    if (typeof value !== 'number') return value
    if (value > 1e6) return '<time>'
    // Some seconds may have passed.
    return name === 'ttl' && value > 0 ? Math.ceil(value / 60) * 60 : value
  })
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\d{13}-\d/g, '<entry>')
    // The time and the call of a message.
    .replaceAll(/\b\d{13} [0-9a-f]{32}\b/g, '<message>')
    .replaceAll(/\d{10}\.\d{3}/g, '<time>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
    .replaceAll(/[0-9a-f]{20}/g, '<execution>')
    // The id of a job that was given none.
    .replaceAll(/\b[0-9A-Za-z]{20}\b/g, '<id>')
    // When a job with a ttl expires, in the note of it.
    .replaceAll(/(?<="\[)\d{13}(?=,)/g, '<time>')
    .replaceAll(/(?<="unique":")[0-9a-f]{16}/g, '<token>')
  return JSON.parse(text)
}

export interface Done {
  readonly state: unknown
  readonly violations: readonly string[]
  readonly commands: readonly string[]
  readonly error: unknown
}

/** Does an operation, whose command `n` meets a fault; again, if the error says that this may help. */
export async function does({ name: _, before, run }: Operation, fault?: { n: number; fault: Fault }): Promise<Done> {
  await using redis = await redisFixture()
  const raw = { client: redis.client, key: (name: string) => redis.prefix + name }
  {
    await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    await before?.({ queue: new Queue('default', { storage }), storage, ...raw })
  }
  await using proxy = await faultProxy(redis.url, {
    onCommand: ({ n }) => (n === fault?.n ? fault.fault : undefined),
  })
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  const producer = { queue: new Queue('default', { storage }), storage, ...raw }
  const error = await run(producer).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const commands = [...proxy.commands]
  if (error instanceof RqError && error.retryable) await run(producer)
  return {
    state: lasting(await redis.dump()),
    violations: await findViolations(redis.client, redis.prefix),
    commands,
    error,
  }
}
