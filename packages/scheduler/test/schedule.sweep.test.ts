import { RqError } from '@rq/core'
import { RateLimit } from '@rq/job'
import { Job, Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { type Fault, faultProxy, findViolations, type RedisDump, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { CronScheduler } from '../src/index.ts'

interface Producer {
  readonly queue: Queue
  readonly storage: RedisStorage
}

/** What a program does with jobs that wait for their time, after `before` was done undisturbed. */
interface Operation {
  readonly name: string
  readonly before?: (producer: Producer) => Promise<unknown>
  readonly run: (producer: Producer) => Promise<unknown>
  /** What it may be told when the first try had done it already. */
  readonly mayBeTold?: string
}

const WORK = './jobs#work'
const LATER = '2100-01-31T09:30:00Z'
const scheduleOne: Operation['run'] = ({ queue }) => queue.enqueueIn('1h', WORK, [1], { jobId: 'one' })
const theOne = ({ storage }: Producer) => Job.fetch('one', { storage })

function cronJob({ storage }: Producer) {
  return new CronScheduler({ storage }).register(WORK, { queueName: 'default', interval: 3600, name: 'hourly' })
}

const OPERATIONS: readonly Operation[] = [
  { name: 'enqueueIn', run: scheduleOne },
  { name: 'enqueueAt', run: ({ queue }) => queue.enqueueAt(LATER, WORK, [], { jobId: 'one', atFront: true, ttl: 60 }) },
  {
    name: 'enqueueAt, unique',
    run: ({ queue }) => queue.enqueueAt(LATER, WORK, [], { jobId: 'one', unique: true }),
    mayBeTold: 'RQ_DUPLICATE_JOB',
  },
  {
    name: 'enqueueAt with a dependency and a rate limit',
    before: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'parent' }),
    run: ({ queue }) =>
      queue.enqueueAt(LATER, WORK, [], {
        jobId: 'child',
        dependsOn: 'parent',
        rateLimit: new RateLimit({ key: 'api', concurrency: 1 }),
      }),
  },
  { name: 'enqueueAt under the id of a scheduled job', before: scheduleOne, run: scheduleOne },
  { name: 'reschedule', before: scheduleOne, run: async (place) => (await theOne(place)).reschedule(LATER) },
  {
    name: 'requeue',
    before: scheduleOne,
    run: ({ queue }) => queue.scheduledJobRegistry.requeue('one'),
    mayBeTold: 'RQ_INVALID_OPERATION',
  },
  {
    name: 'cancel',
    before: scheduleOne,
    run: async (place) => (await theOne(place)).cancel(),
    mayBeTold: 'RQ_INVALID_OPERATION',
  },
  {
    name: 'delete',
    before: scheduleOne,
    run: async (place) => (await theOne(place)).delete(),
    mayBeTold: 'RQ_NO_SUCH_JOB',
  },
  { name: 'pause of a cron job', run: (place) => cronJob(place).pause() },
  { name: 'resume of a cron job', before: (place) => cronJob(place).pause(), run: (place) => cronJob(place).resume() },
]

/** A state without what differs from run to run. */
function lasting(dump: RedisDump): unknown {
  const text = JSON.stringify(dump, (_, value) => (typeof value === 'number' && value > 1e6 ? '<time>' : value))
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"\d{13}"/g, '"<time>"')
    .replaceAll(/(?<="unique":")[0-9a-f]{16}/g, '<token>')
  return JSON.parse(text)
}

interface Done {
  readonly state: unknown
  readonly violations: readonly string[]
  readonly commands: number
  /** What the program was told that did it, or did it again. */
  readonly told: string | undefined
}

async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof RqError ? error.code : String(error)),
  )
}

/** Do it through a connection to which something happens at its n-th command; if that kills the program, do it again. */
async function does({ before, run }: Operation, n?: number, moment: 'before' | 'after' | 'cut' = 'cut'): Promise<Done> {
  await using redis = await redisFixture()
  const producerAt = (url: string): Producer & AsyncDisposable => {
    const storage = new RedisStorage({ connection: url, prefix: redis.prefix })
    return { storage, queue: new Queue('default', { storage }), [Symbol.asyncDispose]: () => storage.close() }
  }
  await using after = producerAt(redis.url)
  await before?.(after)
  await using proxy = await faultProxy(redis.url)
  await using producer = producerAt(proxy.url)
  const dead = new Promise<'dead'>((resolve) => {
    const die = () => {
      proxy.freeze()
      resolve('dead')
    }
    const fault: Fault = moment === 'cut' ? { kind: 'cut' } : { kind: moment, hook: die }
    proxy.onCommand = (command) => (command.n === n ? fault : undefined)
  })
  let told = await Promise.race([codeOf(run(producer)), dead])
  if (told === 'dead') {
    proxy.reset()
    told = await codeOf(run(after))
  }
  const violations = await findViolations(redis.client, redis.prefix)
  return { state: lasting(await redis.dump()), violations, commands: proxy.commands.length, told }
}

describe.each(['before', 'after', 'cut'] as const)(
  'a program that meets its end, or loses an answer (%s)',
  (moment) => {
    it.each(OPERATIONS)('can do it again: $name', async (operation) => {
      const undisturbed = await does(operation)
      expect(undisturbed).toMatchObject({ told: undefined, violations: [] })
      for (let n = 1; n <= undisturbed.commands; n++) {
        const { state, told, violations } = await does(operation, n, moment)
        if (told !== undefined) expect(told).toBe(operation.mayBeTold)
        expect({ n, state, violations }).toEqual({ n, state: undisturbed.state, violations: [] })
      }
    })
  },
)
