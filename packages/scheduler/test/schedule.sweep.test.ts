import { RqError } from '@rq/core'
import { RateLimit } from '@rq/job'
import { Job, Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { type Fault, faultProxy, findViolations, type RedisDump, RUNS_ALL, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { CronScheduler, Schedule } from '../src/index.ts'

interface Producer {
  readonly queue: Queue
  readonly storage: RedisStorage
}

/** Something a program does with scheduled jobs, after an undisturbed `before`. */
interface Operation {
  readonly name: string
  readonly before?: (producer: Producer) => Promise<unknown>
  readonly run: (producer: Producer) => Promise<unknown>
  /** The code of the error that it may get when the first try had done the work already. */
  readonly mayFailWith?: string
}

const WORK = './jobs#work'
const LATER = '2100-01-31T09:30:00Z'
const scheduleOne: Operation['run'] = ({ queue }) => queue.enqueueIn('1h', WORK, [1], { jobId: 'one' })
const theOne = ({ storage }: Producer) => Job.fetch('one', { storage })

function cronJob({ storage }: Producer) {
  return new CronScheduler({ storage }).register(WORK, { queueName: 'default', interval: 3600, name: 'hourly' })
}

const scheduleOf = (name: string) => ({ name, times: { cron: '0 3 * * *' }, func: WORK, queue: 'default' })
const keepOne: Operation['run'] = ({ storage }) =>
  Schedule.upsert('report', { cron: '0 3 * * *' }, WORK, [1], { queue: 'default', storage })
const theSchedule = ({ storage }: Producer) => Schedule.fetch('report', { storage })

/** A program that dies has to look whether it has done these, so only their replies get lost. */
const NOT_TWICE: readonly Operation[] = [
  { name: 'runNow of a schedule', before: keepOne, run: async (place) => (await theSchedule(place)).runNow() },
]

const LEADER = {
  name: 'leader',
  pid: 1,
  hostname: 'host',
  instance: 'i',
  createdAtMs: 1_790_000_000_000,
  queues: ['default'],
}
const CRON = { name: 'cron', hostname: 'host', pid: 1, createdAtMs: 1_790_000_000_000, configFile: '', jobs: [] }

const OPERATIONS: readonly Operation[] = [
  { name: 'enqueueIn', run: scheduleOne },
  { name: 'enqueueAt', run: ({ queue }) => queue.enqueueAt(LATER, WORK, [], { jobId: 'one', atFront: true, ttl: 60 }) },
  {
    name: 'enqueueAt, unique',
    run: ({ queue }) => queue.enqueueAt(LATER, WORK, [], { jobId: 'one', unique: true }),
    mayFailWith: 'RQ_DUPLICATE_JOB',
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
    mayFailWith: 'RQ_INVALID_OPERATION',
  },
  {
    name: 'cancel',
    before: scheduleOne,
    run: async (place) => (await theOne(place)).cancel(),
    mayFailWith: 'RQ_INVALID_OPERATION',
  },
  {
    name: 'delete',
    before: scheduleOne,
    run: async (place) => (await theOne(place)).delete(),
    mayFailWith: 'RQ_NO_SUCH_JOB',
  },
  { name: 'upsert of a schedule', run: keepOne },
  {
    name: 'upsert of a schedule that says something else',
    before: keepOne,
    run: ({ storage }) => Schedule.upsert('report', { every: '1h', from: LATER }, WORK, [], { queue: 'low', storage }),
  },
  {
    name: 'sync of schedules',
    before: ({ storage }) => Schedule.sync([scheduleOf('old'), scheduleOf('kept')], { owner: 'app', storage }),
    run: ({ storage }) => Schedule.sync([scheduleOf('kept'), scheduleOf('new')], { owner: 'app', storage }),
  },
  { name: 'pause of a schedule', before: keepOne, run: async (place) => (await theSchedule(place)).pause() },
  {
    name: 'resume of a schedule',
    before: async (place) => {
      await keepOne(place)
      await (await theSchedule(place)).pause()
    },
    run: async (place) => (await theSchedule(place)).resume(),
  },
  {
    name: 'remove a schedule',
    before: keepOne,
    run: async (place) => (await theSchedule(place)).remove(),
    mayFailWith: 'RQ_NO_SUCH_SCHEDULE',
  },
  {
    name: 'a scheduler that stops leading',
    before: ({ storage }) => storage.schedules.lead(LEADER, 60_000),
    run: ({ storage }) => storage.schedules.stopLeading(LEADER),
  },
  {
    name: 'heartbeats of cron schedulers',
    before: ({ storage }) => storage.crons.register(CRON, 'i'),
    run: async ({ storage }) => [await storage.crons.heartbeat(CRON, 'i'), await storage.crons.schedulers()],
  },
  {
    name: 'a cron scheduler that leaves',
    before: ({ storage }) => storage.crons.register(CRON, 'i'),
    run: ({ storage }) => storage.crons.unregister(CRON.name, 'i'),
  },
  { name: 'pause of a cron job', run: (place) => cronJob(place).pause() },
  { name: 'resume of a cron job', before: (place) => cronJob(place).pause(), run: (place) => cronJob(place).resume() },
]

/** A state without what differs from run to run. */
function lasting(dump: RedisDump): unknown {
  const text = JSON.stringify(dump, (_, value) => (typeof value === 'number' && value > 1e6 ? '<time>' : value))
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/"\d{13}"/g, '"<time>"')
    .replaceAll(/\[\d{13},/g, '[<time>,')
    .replaceAll(/(?<="revision":")[0-9a-f]{32}|(?<=-now-)[0-9a-f]{16}/g, '<random>')
    .replaceAll(/(?<="unique":")[0-9a-f]{16}/g, '<token>')
  return JSON.parse(text)
}

interface Done {
  readonly state: unknown
  readonly violations: readonly string[]
  readonly commands: readonly string[]
  /** The code of the error that the program got, or got at its second try. */
  readonly code: string | undefined
}

async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  return run.then(
    () => undefined,
    (error: unknown) => (error instanceof RqError ? error.code : String(error)),
  )
}

/** Do it over a connection whose n-th command fails; if that kills the program, do it again. */
async function does({ before, run }: Operation, n?: number, moment: (typeof MOMENTS)[number] = 'cut'): Promise<Done> {
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
  let code = await Promise.race([codeOf(run(producer)), dead])
  if (code === 'dead') {
    proxy.reset()
    code = await codeOf(run(after))
  }
  const violations = await findViolations(redis.client, redis.prefix)
  return { state: lasting(await redis.dump()), violations, commands: [...proxy.commands], code }
}

const MOMENTS = ['before', 'after', 'cut'] as const

/** All operations at all moments; in the sample all operations, at the moments in turn. */
function operationsAt(moment: (typeof MOMENTS)[number]): readonly Operation[] {
  const all = moment === 'cut' ? [...OPERATIONS, ...NOT_TWICE] : OPERATIONS
  return RUNS_ALL ? all : all.filter((_, index) => index % MOMENTS.length === MOMENTS.indexOf(moment))
}

describe.each(MOMENTS)('a program that dies before or after a command, or loses its reply (%s)', (moment) => {
  it.each(operationsAt(moment))('can do it again: $name', async (operation) => {
    const undisturbed = await does(operation)
    expect(undisturbed).toMatchObject({ code: undefined, violations: [] })
    for (let n = 1; n <= undisturbed.commands.length; n++) {
      const { state, code, violations } = await does(operation, n, moment)
      if (code !== undefined) expect(code).toBe(operation.mayFailWith)
      expect({ n, state, violations }).toEqual({ n, state: undisturbed.state, violations: [] })
    }
  })
})

it('meets a fault in each of these scripts', async () => {
  const done = await Promise.all([...OPERATIONS, ...NOT_TWICE].map((operation) => does(operation)))
  const scripts = [
    ...['schedule_read', 'schedule_write', 'schedule_remove', 'schedule_run', 'stop_leading'],
    ...['cron_pause', 'cron_heartbeat', 'cron_schedulers', 'cron_unregister'],
  ]
  expect(done.flatMap(({ commands }) => commands)).toEqual(expect.arrayContaining(scripts))
})
