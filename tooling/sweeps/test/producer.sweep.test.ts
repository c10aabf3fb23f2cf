import { RqError } from '@rq/core'
import { Dependency, RateLimit, settle } from '@rq/job'
import { Group, Job, Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, type Fault, faultProxy, findViolations, type RedisDump, RUNS_ALL, redisFixture } from '@rq/testkit'
import { describe, expect, test } from 'vitest'

interface Producer {
  readonly queue: Queue
  readonly storage: RedisStorage
}

/** A call of a producer, after an undisturbed `before`. If it throws, the test repeats it, as a producer would. */
interface Operation {
  readonly name: string
  readonly before?: (producer: Producer) => Promise<unknown>
  readonly run: (producer: Producer) => Promise<unknown>
  /** Error codes that the caller may get when the command was sent twice and the first one took effect. */
  readonly mayFailWith?: readonly string[]
}

const WORK = './jobs#work'
const rateLimit = new RateLimit({ key: 'limit', concurrency: 1 })

const enqueueOne: Operation['run'] = ({ queue }) => queue.enqueue(WORK, [1], { jobId: 'one' })
const fail: Operation['run'] = async ({ queue, storage }) => {
  await enqueueOne({ queue, storage })
  const { jobs } = await storage.workers.claim({ queues: ['default'], want: 1, workerName: 'w', leaseMs: 1000 })
  const outcome = {
    kind: 'raised',
    error: 'Error: no',
    startedAtMs: 1_790_000_000_000,
    endedAtMs: 1_790_000_000_001,
  } as const
  await storage.workers.settle(
    'w',
    jobs.map(({ job, executionId, hint }) => settle(job, executionId, outcome, { hint })),
  )
}

const OPERATIONS: readonly Operation[] = [
  { name: 'enqueue', run: enqueueOne },
  {
    name: 'enqueue at the front',
    before: enqueueOne,
    run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', atFront: true }),
  },
  { name: 'enqueue unique', run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', unique: true }) },
  { name: 'enqueue with a key', run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', unique: {} }) },
  {
    name: 'enqueue in the place of the job that holds the key',
    before: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'one', unique: { key: 'k' } }),
    run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', unique: { key: 'k', onDuplicate: 'replace' } }),
  },
  {
    name: 'enqueue while another job holds the key',
    before: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'one', unique: { key: 'k' } }),
    run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', unique: { key: 'k' } }),
  },
  { name: 'enqueue with ttl', run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', ttl: 60 }) },
  {
    name: 'enqueue with the id of an expired job',
    before: async ({ queue, storage }) => {
      await queue.enqueue(WORK, [], { jobId: 'two', ttl: 1 })
      await eventually(async () => expect(await storage.jobs.exists('two')).toBe(false))
      await queue.enqueue(WORK, [], { jobId: 'three', ttl: 60 })
    },
    run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two' }),
  },
  {
    name: 'enqueue a dependent',
    before: enqueueOne,
    run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', dependsOn: new Dependency({ jobs: ['one'] }) }),
  },
  {
    name: 'enqueue with a rate limit',
    before: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'two', rateLimit }),
    run: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'three', rateLimit }),
  },
  { name: 'enqueueIn', run: ({ queue }) => queue.enqueueIn(60, WORK, [], { jobId: 'two' }) },
  {
    name: 'many calls of one moment',
    run: ({ queue }) => Promise.all(['a', 'b', 'c'].map((jobId) => queue.enqueue(WORK, [], { jobId }))),
  },
  {
    name: 'enqueueMany, some depending on others',
    run: ({ queue }) => {
      const first = Queue.prepareData(WORK, [], { jobId: 'first' })
      return queue.enqueueMany([
        Queue.prepareData(WORK, [], { jobId: 'last', dependsOn: 'first' }),
        first,
        Queue.prepareData(WORK, [], { jobId: 'x' }),
      ])
    },
  },
  {
    name: 'group.enqueueMany',
    run: ({ queue, storage }) =>
      Group.create({ name: 'g', storage }).enqueueMany(queue, [
        Queue.prepareData(WORK, [], { jobId: 'a' }),
        Queue.prepareData(WORK, [], { jobId: 'b' }),
      ]),
  },
  { name: 'enqueue again under the same id', before: enqueueOne, run: enqueueOne },
  {
    name: 'cancel',
    before: enqueueOne,
    run: async ({ storage }) => (await Job.fetch('one', { storage })).cancel(),
    mayFailWith: ['RQ_INVALID_OPERATION'],
  },
  {
    name: 'requeue',
    before: fail,
    run: async ({ storage }) => (await Job.fetch('one', { storage })).requeue(),
    mayFailWith: ['RQ_INVALID_OPERATION'],
  },
  {
    name: 'delete',
    before: enqueueOne,
    run: async ({ storage }) => (await Job.fetch('one', { storage })).delete(),
    mayFailWith: ['RQ_NO_SUCH_JOB'],
  },
]

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
    .replaceAll(/[0-9a-f]{20}/g, '<execution>')
    // When a job with a ttl expires, in the note of it.
    .replaceAll(/(?<="\[)\d{13}(?=,)/g, '<time>')
    .replaceAll(/(?<="unique":")[0-9a-f]{16}/g, '<token>')
  return JSON.parse(text)
}

interface Done {
  readonly state: unknown
  readonly violations: readonly string[]
  readonly commands: number
  readonly error: unknown
}

async function does({ name: _, before, run }: Operation, fault?: { n: number; fault: Fault }): Promise<Done> {
  await using redis = await redisFixture()
  {
    await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
    await before?.({ queue: new Queue('default', { storage }), storage })
  }
  await using proxy = await faultProxy(redis.url, {
    onCommand: ({ n }) => (n === fault?.n ? fault.fault : undefined),
  })
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  const producer = { queue: new Queue('default', { storage }), storage }
  const error = await run(producer).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const commands = proxy.commands.length
  if (error instanceof RqError && error.retryable) await run(producer)
  return {
    state: lasting(await redis.dump()),
    violations: await findViolations(redis.client, redis.prefix),
    commands,
    error,
  }
}

const FAULTS: readonly Fault[] = [
  { kind: 'cut' },
  { kind: 'reset' },
  { kind: 'error', message: 'LOADING Redis is loading the dataset in memory' },
]

/** All operations with all faults; in the sample, all operations with the faults in turn. */
function operationsFor(fault: Fault): readonly Operation[] {
  return RUNS_ALL ? OPERATIONS : OPERATIONS.filter((_, index) => index % FAULTS.length === FAULTS.indexOf(fault))
}

describe.each(FAULTS)('a producer whose command meets: $kind', (fault) => {
  test.each(operationsFor(fault))('$name', async (operation) => {
    const undisturbed = await does(operation)
    expect(undisturbed.error).toBeUndefined()
    for (let n = 1; n <= undisturbed.commands; n++) {
      const { error, state, violations } = await does(operation, { n, fault })
      if (error !== undefined && fault.kind !== 'error') {
        expect(operation.mayFailWith).toContain((error as RqError).code)
      }
      expect({ n, state, violations }).toEqual({ n, state: undisturbed.state, violations: [] })
    }
  })
})
