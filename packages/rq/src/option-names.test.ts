import { describe, expect, it } from 'vitest'
import {
  Callback,
  CronScheduler,
  cancelJob,
  Dependency,
  Group,
  Job,
  job,
  Queue,
  RateLimit,
  Repeat,
  Retry,
  requeueJob,
  resume,
  Scheduler,
  SimpleWorker,
  suspend,
  Webhook,
  Worker,
  WorkerPool,
} from './index.ts'

/** Where no Redis is: a call that is not refused first fails with another code. */
const connection = 'redis://localhost:1'
const queue = new Queue('q', { connection })
const worker = new SimpleWorker('q', { connection })
const cronScheduler = new CronScheduler({ connection })

/** A handle without a record in Redis. */
const created = () => queue.createJob('a.b')
/** An option that the types do not have. */
const wrong = (options: object) => options as never

const CALLS: Readonly<Record<string, () => unknown>> = {
  conection: () => new Queue('x', wrong({ conection: connection })),
  storage: () => new Queue('x', wrong({ storage: {} })),
  host: () => new Queue('x', wrong({ host: 'h', port: 1 })),
  status: () => new Queue('x', wrong({ options: {}, status: 'wait' })),
  prefx: () => Queue.all(wrong({ connection, prefx: 'x:' })),
  concurency: () => new Worker('x', wrong({ concurency: 2 })),
  port: () => new Worker('x', wrong({ port: 1 })),
  horse: () => new SimpleWorker('x', wrong({ horse: 'process' })),
  ahead: () => new Worker('x', { prefetch: wrong({ ahead: 2 }) }),
  brust: () => worker.work(wrong({ brust: true })),
  forced: () => worker.stop(wrong({ forced: true })),
  que: () => Worker.all(wrong({ connection, que: queue })),
  workers: () => new WorkerPool('x', wrong({ workers: 2 })),
  burts: () => new WorkerPool('x', { connection }).start(wrong({ burts: true })),
  every: () => new Scheduler('x', wrong({ every: 1 })),
  path: () => new CronScheduler(wrong({ path: '.' })),
  stale: () => CronScheduler.all(wrong({ connection, stale: 1 })),
  prefixx: () => CronScheduler.fetch('x', wrong({ connection, prefixx: 'x' })),
  watched: () => cronScheduler.loadConfig('./x.js', wrong({ watched: true })),
  from: () => cronScheduler.history('x', wrong({ from: 0 })),
  timeoutMs: async () => (await created()).result(wrong({ timeoutMs: 1 })),
  timout: async () => (await created()).latestResult(wrong({ timout: 1 })),
  refreshed: async () => (await created()).getStatus(wrong({ refreshed: false })),
  reload: async () => (await created()).getMeta(wrong({ reload: false })),
  enqueueDependants: async () => (await created()).cancel(wrong({ enqueueDependants: true })),
  deleteDependants: async () => (await created()).delete(wrong({ deleteDependants: true })),
  front: async () => (await created()).requeue(wrong({ front: true })),
  uniqe: async () => queue.enqueueJob(await created(), wrong({ uniqe: true })),
  at_front: async () => queue.scheduleJob(await created(), new Date(), wrong({ at_front: true })),
  group: () => queue.enqueueMany([], wrong({ group: 'g' })),
  groupId: () => Group.create({ connection }).enqueueMany('q', [], wrong({ groupId: 'g' })),
  until: () => queue.pause(wrong({ until: 5 })),
  limit: () => queue.getJobIds(wrong({ limit: 5 })),
  lenght: () => queue.getJobs(wrong({ lenght: 5 })),
  delete_jobs: () => queue.delete(wrong({ delete_jobs: false })),
  offset: () => queue.failedJobRegistry.getJobIds(wrong({ offset: 5 })),
  clean: () => queue.failedJobRegistry.count(wrong({ clean: false })),
  delete: () => queue.failedJobRegistry.remove('x', wrong({ delete: true })),
  atfront: () => queue.failedJobRegistry.requeue('x', wrong({ atfront: true })),
  url: () => Job.fetch('x', wrong({ url: connection })),
  redis: () => Job.exists('x', wrong({ redis: connection })),
  names: () => Group.create(wrong({ connection, names: 'x' })),
  db: () => Group.fetch('x', wrong({ db: 1 })),
  password: () => Group.all(wrong({ password: 'canary' })),
  dependents: () => cancelJob('x', wrong({ connection, dependents: true })),
  at_Front: () => requeueJob('x', wrong({ connection, at_Front: true })),
  seconds: () => suspend(connection, wrong({ seconds: 1 })),
  Prefix: () => resume(wrong({ connection, Prefix: 'x' })),
  jobTimeout: () => job('low', wrong({ jobTimeout: 5 })),
  isAsync: () => job(queue, wrong({ isAsync: false })),
  delay: () => new Retry(wrong({ max: 1, delay: 5 })),
  intervals: () => new Retry(wrong({ max: 1, intervals: [5] })),
  first: () => Retry.exponential(wrong({ max: 1, base: 1, first: 5 })),
  interal: () => new Repeat(wrong({ times: 1, interal: 5 })),
  duration: () => new RateLimit(wrong({ key: 'k', concurrency: 1, duration: 5 })),
  timeOut: () => new Callback('a.b', wrong({ timeOut: 5 })),
  allowFailures: () => new Dependency(wrong({ jobs: 'x', allowFailures: true })),
  header: () => new Webhook('http://h', 'failed', wrong({ header: {} })),
}

describe('an option that a call does not know', () => {
  it.each(Object.entries(CALLS))('%s is refused', async (name, call) => {
    const error = await (async () => call())().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'RQ_INVALID_OPTION' })
    expect(String(error)).toMatch(new RegExp(`got "${name}"`))
    expect(String(error)).not.toContain('canary')
  })

  it.each(['host', 'status', 'port', 'url', 'password'])('%s: the error says where a connection goes', async (name) => {
    const error = await (async () => CALLS[name]?.())().catch((reason: unknown) => reason)
    expect(String(error)).toContain('{ connection: { host, port } }')
  })
})
