import { type ScheduleRecord, type ScheduleTick, settle } from '@rq/job'
import { claimRequest, newJob, newWorker, RAISED, RETURNED } from '@rq/testkit/storage-conformance'
import type { Redis } from 'ioredis'
import type { RedisStorage } from '../../src/index.ts'

/** What is spoiled belongs to queue `a`, or to all. Queue `b` has the same, and has to go on. */
export const QUEUES = ['a', 'b'] as const
export type QueueName = (typeof QUEUES)[number]

export const LEASE_MS = 60_000
const LATER_MS = 10 * 60_000
export const WORKER = newWorker({ name: 'w', queues: QUEUES, ttlS: 600 })
export const SCHEDULER = { name: '1', queues: QUEUES, pid: 1, hostname: 'h', createdAtMs: 0 }
export const CRON_SCHEDULER = { name: 'cs', hostname: 'h', pid: 1, createdAtMs: 0, configFile: '', jobs: [] }

/** What jobs of a queue are called, behind the name of the queue. All of them have to end. */
const TO_END = [
  ...['plain1', 'plain2', 'ttl', 'retry', 'parent', 'child1', 'child2', 'limited1', 'limited2', 'later1', 'later2'],
  ...['run', 'ready', 'stuck', 'released', 'unchecked', 'cron', 'keyed'],
]

export const idsToEnd = (queue: QueueName): string[] => TO_END.map((word) => `${queue}-${word}`)

/** Two queues with a job in every place, and every key of the table. */
export async function prepare(storage: RedisStorage, client: Redis, prefix: string): Promise<void> {
  const { crons, queues, recurring, schedules, workers } = storage
  await workers.register(WORKER, LEASE_MS)
  await schedules.lead(SCHEDULER, LATER_MS)
  await crons.register(CRON_SCHEDULER, 'i')
  await workers.maintenanceTurn({ worker: WORKER, queues: [...QUEUES], forMs: LATER_MS })
  for (const queue of QUEUES) await prepareEnded(storage, queue)
  for (const queue of QUEUES) await queues.configure(queue, { keepFinished: 1000, keepFailed: 1000 })
  for (const queue of QUEUES) await prepareRunning(storage, queue)
  for (const queue of QUEUES) {
    await queues.enqueue(waitingJobs(queue))
    await crons.open({ name: `c-${queue}`, slot: 1 }, 'rule')
    const job = newJob({ id: `${queue}-cron`, origin: queue })
    await crons.run({ name: `c-${queue}`, slot: 1, job, tick: { ms: 1000, latestMs: 0 } })
    await recurring.write(scheduleOf(queue), undefined)
    await recurring.tick(tickOf(queue, 1000))
    await byOthers(client, (name) => `${prefix}${name}`, queue)
  }
}

/** A schedule of a queue, which is due all the time. */
function scheduleOf(queue: QueueName): ScheduleRecord {
  const { record: template } = newJob({ origin: queue })
  const rule = { everyS: 1, catchUp: 'skip', overlap: 'allow' } as const
  return {
    ...{ name: `n-${queue}`, revision: 'r', rule, queue, digest: 'd', funcName: 'jobs#work', template },
    ...{ atFront: false, createdAtMs: 1, changedAtMs: 1, anchorMs: 0, nextMs: 1000, count: 0 },
  }
}

/** A tick of the schedule of a queue. */
export function tickOf(queue: QueueName, tickMs: number): ScheduleTick {
  const job = { id: `${queue}-scheduled-${tickMs}`, tickMs, unlessRunning: true }
  return { name: `n-${queue}`, revision: 'r', nextMs: tickMs, job, thenMs: tickMs + 1000 }
}

const limitOf = (key: string) => ({ rateLimit: { key, concurrency: 1 } })

function waitingJobs(queue: QueueName) {
  const job = (word: string, facts = {}, place = {}) =>
    newJob({ id: `${queue}-${word}`, origin: queue, ...facts }, place)
  return [
    ...[job('plain1'), job('plain2'), job('ttl', { ttlS: 600 }), job('doomed1'), job('doomed2')],
    job('retry', { retriesLeft: 1, retryIntervalsS: [0] }),
    job('parent', { groupId: `g-${queue}`, resultTtlS: 60 }),
    job('child1', { dependencyIds: [`${queue}-parent`, `${queue}-plain1`] }),
    job('child2', { dependencyIds: [`${queue}-parent`] }),
    ...[job('limited1', limitOf(`k-${queue}`)), job('limited2', limitOf(`k-${queue}`))],
    ...[job('doomed3', limitOf(`k-${queue}`)), job('unchecked', { dependencyIds: [`${queue}-plain1`] })],
    ...[job('later1', {}, { delayMs: LATER_MS }), job('later2', {}, { delayMs: LATER_MS })],
    ...[job('ready'), job('stuck'), job('keyed', { unique: { key: 'x', until: 'ended' } })],
  ]
}

async function claimAll({ workers }: RedisStorage, queue: QueueName) {
  return (await workers.claim(claimRequest({ queues: [queue], want: 100, workerName: 'w', leaseMs: LEASE_MS }))).jobs
}

async function prepareEnded(storage: RedisStorage, queue: QueueName): Promise<void> {
  const facts = { origin: queue, resultTtlS: -1 }
  await storage.queues.enqueue([
    newJob({ id: `${queue}-finished`, ...facts }),
    newJob({ id: `${queue}-streamed`, ...facts, results: 'stream' }),
    newJob({ id: `${queue}-failed`, ...facts }),
    newJob({ id: `${queue}-failed2`, ...facts }),
    newJob({ id: `${queue}-before`, ...facts }),
  ])
  for (const { executionId, job } of await claimAll(storage, queue)) {
    const outcome = job.id.includes('failed') ? RAISED : RETURNED
    await storage.workers.settle('w', [settle(job, executionId, outcome)])
  }
  await storage.queues.enqueue([newJob({ id: `${queue}-canceled`, origin: queue })])
  await storage.jobs.cancel({ jobId: `${queue}-canceled`, enqueueDependents: false, removeFromDependencies: false })
}

/** `run` runs; `held` was canceled while it runs, and holds a slot. */
async function prepareRunning(storage: RedisStorage, queue: QueueName): Promise<void> {
  await storage.queues.enqueue([
    newJob({ id: `${queue}-run`, origin: queue }),
    newJob({ id: `${queue}-held`, origin: queue, ...limitOf(`h-${queue}`) }),
  ])
  const claimed = await claimAll(storage, queue)
  const leases = claimed.map(({ executionId, job }) => ({ queue, jobId: job.id, executionId }))
  await storage.workers.heartbeat({ worker: WORKER, state: 'busy', leases, leaseMs: LEASE_MS })
  for (const { executionId, job } of claimed) {
    await storage.jobs.addMessages(job.id, { from: 'job', executionId, attempt: 1, payloads: ['1', '2'] })
    await storage.jobs.addMessages(job.id, { from: 'outside', payloads: ['3'] })
  }
  await storage.jobs.cancel({ jobId: `${queue}-held`, enqueueDependents: false, removeFromDependencies: false })
}

/** What Python workers write, and what only very many dependents or very old keys lead to. */
async function byOthers(client: Redis, key: (name: string) => string, queue: QueueName): Promise<void> {
  const id = (word: string) => `${queue}-${word}`
  const enqueuedAt = (await client.hget(key(`job:${id('stuck')}`), 'enqueued_at')) ?? ''
  const later = await client.zscore(key(`deferred:${queue}`), id('child1'))
  await client
    .pipeline()
    .lrem(key(`queue:${queue}`), 0, id('ready'))
    .lrem(key(`queue:${queue}`), 0, id('stuck'))
    .hset(key(`job:${id('ready')}`), 'status', 'ready_to_enqueue')
    .zadd(key(`ready:${queue}`), 1, id('ready'))
    .rpush(key(`queue:${queue}:intermediate`), id('stuck'))
    .hset(key(`stuck:${queue}`), `${id('stuck')} ${enqueuedAt}`, 1)
    .hset(key(`job:${id('released')}`), { ...CREATED, status: 'deferred', origin: queue, dependency_id: id('before') })
    .zadd(key(`deferred:${queue}`), Number(later), id('released'))
    .sadd(key(`job::${id('released')}:dependencies`), id('before'))
    .sadd(key(`releasing:${id('before')}`), id('released'))
    .hset(key('releasing'), id('before'), 'all')
    .hset(key('unchecked'), id('unchecked'), '0')
    .set(key(`job:${id('broken')}`), 'x')
    .zadd(key(`broken:${queue}`), 1, id('broken'))
    .hset(key(`refused:${queue}`), id('broken'), 'x\nit was refused')
    .exec()
}

const CREATED = { data: '["jobs#work",null,[1],{}]', created_at: '2026-11-24T01:02:03.000004Z', timeout: 180 }

/** Copies a state, by which each case has its own. Sets with names of keys get those of the copy. */
const COPY = `
local from, to = ARGV[1], ARGV[2]
for _, key in ipairs(redis.call('KEYS', from .. '*')) do
  local name = string.sub(key, #from + 1)
  local copy = to .. name
  if name == 'queues' or name == 'workers' or string.sub(name, 1, 8) == 'workers:' then
    for _, member in ipairs(redis.call('SMEMBERS', key)) do redis.call('SADD', copy, to .. string.sub(member, #from + 1)) end
  else
    redis.call('COPY', key, copy)
  end
end`

export async function copyState(client: Redis, from: string, to: string): Promise<void> {
  await client.eval(COPY, 0, from, to)
}
