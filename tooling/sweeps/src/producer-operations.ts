import { Dependency, RateLimit, settle } from '@rq/job'
import { Group, Job, JobFailedError, Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually } from '@rq/testkit'
import { newWorker, RETURNED, workOff } from '@rq/testkit/storage-conformance'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'

/** Redis itself, to leave behind what programs that died leave. */
interface Raw {
  readonly client: Redis
  /** The whole key of a name without prefix. */
  readonly key: (name: string) => string
}

interface Producer extends Raw {
  readonly queue: Queue
  readonly storage: RedisStorage
}

/** A call of a producer, after an undisturbed `before`. If it throws, the test repeats it, as a producer would. */
export interface Operation {
  readonly name: string
  readonly before?: (producer: Producer) => Promise<unknown>
  readonly run: (producer: Producer) => Promise<unknown>
  /** Error codes that the caller may get when the command was sent twice and the first one took effect. */
  readonly mayFailWith?: readonly string[]
}

const WORK = './jobs#work'
const LATER = '2100-01-31T09:30:00Z'
const rateLimit = new RateLimit({ key: 'limit', concurrency: 1 })

const enqueueOne: Operation['run'] = ({ queue }) => queue.enqueue(WORK, [1], { jobId: 'one' })
const FAR_S = '4000000000'
const leaseOfOne = async ({ storage }: Producer) => {
  const { executionId = '' } = (await Job.fetch('one', { storage })).toRecord()
  return { queue: 'default', jobId: 'one', executionId }
}
const claimOne = async ({ queue, storage }: Producer, jobId = 'one') => {
  await queue.enqueue(WORK, [1], { jobId })
  return (await storage.workers.claim({ queues: ['default'], want: 1, workerName: 'w', leaseMs: 60_000 })).jobs
}
const failJob = async (producer: Producer, jobId: string) => {
  const { storage } = producer
  const jobs = await claimOne(producer, jobId)
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
const fail: Operation['run'] = (producer) => failJob(producer, 'one')

const WORKER = newWorker({ name: 'w' })
const postOne: Operation['run'] = async ({ storage }) => (await Job.fetch('one', { storage })).post({ page: 1 })
const saveMeta: Operation['run'] = async ({ storage }) => {
  const job = await Job.fetch('one', { storage })
  job.meta.page = 2
  await job.saveMeta()
}

/** The calls of producers, and of a worker outside of the life of a job. */
export const OPERATIONS: readonly Operation[] = [
  { name: 'enqueue', run: enqueueOne },
  { name: 'enqueue with an id of its own', run: ({ queue }) => queue.enqueue(WORK, [1]) },
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
  ...(['return', 'replace'] as const).map((onDuplicate) => ({
    name: `enqueueMany, ${onDuplicate} duplicates`,
    before: ({ queue }: Producer) => queue.enqueue(WORK, [], { jobId: 'one', unique: { key: 'k', until: 'started' } }),
    run: ({ queue }: Producer) =>
      queue.enqueueMany(
        ['k', 'l', 'l'].map((key, n) =>
          Queue.prepareData(WORK, [], { jobId: `of-list-${n}`, unique: { key, until: 'started', onDuplicate } }),
        ),
      ),
  })),
  {
    name: 'enqueueMany that is refused, and writes nothing',
    before: ({ queue }) => queue.enqueue(WORK, [], { jobId: 'one', unique: { key: 'k' } }),
    run: async ({ queue }) => {
      const datas = ['l', 'k'].map((key, n) => Queue.prepareData(WORK, [], { jobId: `of-list-${n}`, unique: { key } }))
      await queue.enqueueMany(datas, { onDuplicate: 'refuse' }).then(
        () => expect.unreachable('one is a duplicate'),
        (error) => {
          if (error.code !== 'RQ_DUPLICATE_JOB') throw error
        },
      )
    },
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
  {
    name: 'clear a registry',
    before: fail,
    run: ({ queue }) => queue.failedJobRegistry.clear(),
  },
  { name: 'empty', before: enqueueOne, run: ({ queue }) => queue.empty() },
  { name: 'pause', run: ({ queue }) => queue.pause() },
  {
    name: 'set limits that delete jobs',
    before: fail,
    run: ({ queue }) => queue.configure({ keepFinished: 1, keepFailed: 0 }),
  },
  { name: 'save meta', before: enqueueOne, run: saveMeta },
  {
    name: 'reschedule',
    before: ({ queue }) => queue.enqueueIn(60, WORK, [], { jobId: 'one' }),
    run: async ({ storage }) => (await Job.fetch('one', { storage })).reschedule(LATER),
  },
  {
    name: 'let a scheduled job go now',
    before: ({ queue }) => queue.enqueueIn(60, WORK, [], { jobId: 'one' }),
    run: ({ queue }) => queue.scheduledJobRegistry.requeue('one'),
    mayFailWith: ['RQ_INVALID_OPERATION'],
  },
  {
    name: 'set a job aside',
    before: claimOne,
    run: async (producer) => {
      const request = { workerName: 'w', rateLimit: undefined, reason: 'refused' }
      await producer.storage.workers.setAside({ ...request, lease: await leaseOfOne(producer) })
    },
  },
  {
    name: 'give a job back',
    before: claimOne,
    run: async (producer) => producer.storage.workers.giveBack([await leaseOfOne(producer)]),
  },
  { name: 'save a job', run: async ({ queue }) => (await queue.createJob(WORK, [], { jobId: 'one' })).save() },
  {
    name: 'enqueueAndWait',
    run: async ({ client, key, queue }) => {
      const worker = new RedisStorage({ connection: client, prefix: key('') })
      const over = new AbortController()
      const working = (async () => {
        while (!over.signal.aborted) await workOff(worker, RETURNED)
      })()
      try {
        expect(await queue.enqueueAndWait(WORK, [1], { jobId: 'one', timeout: '60s' })).toBe(42)
      } finally {
        over.abort()
        await working
        await worker.close()
      }
    },
  },
  {
    name: 'wait for a result',
    before: fail,
    run: async ({ storage }) => {
      const failed = await (await Job.fetch('one', { storage })).result().catch((error: unknown) => error)
      if (!(failed instanceof JobFailedError)) throw failed
    },
  },
  {
    name: 'maintenance, of what other programs have left',
    before: async ({ client, key, queue }) => {
      await queue.enqueue(WORK, [], { jobId: 'one', rateLimit })
      await queue.enqueue(WORK, [], { jobId: 'brief', ttl: 60 })
      await client
        .multi()
        .sadd(key('groups'), 'g')
        .sadd(key('group:g'), 'gone')
        .zadd(key('failed:default'), FAR_S, 'gone')
        .zadd(key('rl:limit:allowed'), '1', 'gone')
        .hset(key('expiring'), 'brief', JSON.stringify([1, 'default']))
        .del(key('job:brief'))
        .exec()
    },
    run: ({ storage }) => storage.workers.cleanUp(['default']),
  },
  { name: 'post a message', before: claimOne, run: postOne },
  {
    name: 'read messages',
    before: async (producer) => {
      await claimOne(producer)
      await postOne(producer)
    },
    run: async ({ storage }) => {
      const { messages } = await storage.jobs.readMessages('one', { from: 'outside', timeoutMs: 0 })
      expect(messages).toHaveLength(1)
    },
  },
  {
    name: 'show which queues a worker claims nothing from',
    before: ({ storage }) => storage.workers.register(WORKER, 60_000),
    run: ({ storage }) =>
      storage.workers.showHolds(WORKER, { paused: ['default'], held: [{ queue: 'low', reason: 'no', sinceMs: 1 }] }),
  },
  {
    name: 'show which jobs a worker knows by name',
    before: ({ storage }) => storage.workers.register(WORKER, 60_000),
    run: ({ storage }) => storage.workers.showJobNames(WORKER, { names: ['sendMail'], more: 0 }),
  },
  {
    name: 'configure how many ended jobs are kept',
    run: ({ queue }) => queue.configure({ keepFinished: 5, keepFailed: null }),
  },
  {
    name: 'maintenance of a queue that keeps its newest job',
    before: async (producer) => {
      await fail(producer)
      await failJob(producer, 'two')
      await producer.queue.configure({ keepFailed: 1 })
    },
    run: ({ storage }) => storage.workers.cleanUp(['default']),
  },
]
