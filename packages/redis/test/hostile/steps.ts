import { RqError } from '@rq/core'
import { type Claimed, settle } from '@rq/job'
import { claimRequest, newJob, RAISED, RETURNED } from '@rq/testkit/storage-conformance'
import type { Redis } from 'ioredis'
import type { RedisStorage } from '../../src/index.ts'
import { CRON_SCHEDULER, idsToEnd, LEASE_MS, QUEUES, type QueueName, SCHEDULER, tickOf, WORKER } from './state.ts'

export interface Place {
  readonly storage: RedisStorage
  readonly client: Redis
  readonly prefix: string
}

const LATER_MS = 10 * 60_000
const KINDS = ['started', 'finished', 'failed', 'deferred', 'scheduled', 'canceled'] as const
const ABORTED = AbortSignal.abort()

/** Notes what steps throw. */
export class Faults {
  /** Of steps that concern what is not spoiled; and whatever is no RqError. */
  readonly found: string[] = []

  /** Make a step. `may`: it concerns what is spoiled, so it may refuse. */
  async of<T>(what: string, may: boolean, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step()
    } catch (error) {
      const isClear = error instanceof RqError && !error.retryable
      if (!may || !isClear) this.found.push(`${what}: ${error}`)
      return undefined
    }
  }
}

/** All that waits for a time is due. */
async function passTime({ client, prefix }: Place): Promise<void> {
  await client.eval(
    `for _, kind in ipairs({ 'scheduled:', 'wip:' }) do
       for _, queue in ipairs({ 'a', 'b' }) do
         local key = ARGV[1] .. kind .. queue
         if redis.call('TYPE', key).ok == 'zset' then
           for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
             local score = tonumber(redis.call('ZSCORE', key, member))
             if score > 1 and score < 1e17 then redis.call('ZADD', key, 1, member) end
           end
         end
       end
     end`,
    0,
    prefix,
  )
}

/** What a worker with a scheduler does, once, for both queues. `may`: the kinds of steps that may fail. */
export async function turn(place: Place, faults: Faults, may: (step: string) => boolean): Promise<void> {
  const { schedules, workers } = place.storage
  await passTime(place)
  const make = <T>(what: string, step: () => Promise<T>) => faults.of(what, may(what), step)
  await make('lead', () => schedules.lead(SCHEDULER, LATER_MS))
  for (const queue of QUEUES) await make(`promoteDue ${queue}`, () => schedules.promoteDue(queue, '1', 100))
  const request = claimRequest({ queues: [...QUEUES], want: 100, workerName: 'w', leaseMs: LEASE_MS })
  const claimed = [...((await make('claim', () => workers.claim(request)))?.jobs ?? [])]
  await make('findRecoverable', () => workers.findRecoverable({ queues: [...QUEUES], leaseMs: LEASE_MS }))
  for (const queue of QUEUES) {
    const recover = () => workers.recover({ queue, workerName: 'w', leaseMs: LEASE_MS, most: 100 })
    claimed.push(...((await make(`recover ${queue}`, recover))?.jobs ?? []))
  }
  await make('heartbeat', () => beat(place, claimed))
  await settleAll(place, faults, claimed, may)
  for (let n = 0; n < 5 && (await make('releaseDependents', () => workers.releaseDependents())) === true; n++);
  for (const queue of QUEUES)
    await make(`cleanUp ${queue}`, () => workers.cleanUp([queue], { shared: false, signal: ABORTED }))
  await make('cleanUp', () => workers.cleanUp([], { signal: ABORTED }))
}

function beat({ storage }: Place, claimed: readonly Claimed[]) {
  const leases = claimed.map(({ executionId, job }) => ({ queue: job.origin, jobId: job.id, executionId }))
  return storage.workers.heartbeat({ worker: WORKER, state: 'busy', leases, leaseMs: LEASE_MS })
}

/** As a worker does: many at once, with the next claim. */
async function settleAll(
  { storage }: Place,
  faults: Faults,
  claimed: readonly Claimed[],
  may: (step: string) => boolean,
): Promise<void> {
  const settlements = claimed.flatMap(({ executionId, hint, job }) => {
    const outcome = job.id.endsWith('retry') && job.numberOfRetries === undefined ? RAISED : RETURNED
    try {
      return [settle(job, executionId, outcome, { hint })]
    } catch (error) {
      faults.found.push(`outcome of ${job.id}: ${error}`)
      return []
    }
  })
  if (settlements.length === 0) return
  await faults.of('settle', may('settle'), () => storage.workers.settle('w', settlements))
}

/** The jobs that are read one by one. */
const READ = {
  a: ['run', 'parent', 'child1', 'limited2', 'later1', 'finished', 'streamed', 'failed', 'held'],
  b: ['run', 'child1', 'streamed'],
}

/** Every step that reads, and those that enqueue, on one of the queues. */
export async function look(place: Place, faults: Faults, queue: QueueName, may: (step: string) => boolean) {
  const { crons, groups, jobs, queues, recurring, schedules, workers } = place.storage
  const id = (word: string) => `${queue}-${word}`
  const make = <T>(what: string, step: () => Promise<T>) => faults.of(`${what} ${queue}`, may(what), step)
  const ids = READ[queue].map(id)
  await Promise.all([
    ...ids.flatMap((jobId) => [
      make('results', () => jobs.results(jobId)),
      make('explain', () => jobs.explain(jobId)),
      make('executions', () => jobs.executions(jobId)),
      make('dependentIds', () => jobs.dependentIds(jobId)),
      make('status', () => jobs.status(jobId)),
      make('meta', () => jobs.meta(jobId)),
      make('awaitResult', () => jobs.awaitResult(jobId, 0)),
      make('readMessages', () => jobs.readMessages(jobId, { from: 'job', timeoutMs: 0 })),
      make('readPosts', () => jobs.readMessages(jobId, { from: 'outside', timeoutMs: 0 })),
    ]),
    make('post', () => jobs.addMessages(id('run'), { from: 'outside', payloads: ['1'] })),
    make('fetch', () => jobs.fetch(idsToEnd(queue))),
    make('counts', () => queues.counts([queue])),
    make('count', () => queues.count(queue)),
    make('jobIds', () => queues.jobIds(queue, 0, -1)),
    make('brokenJobs', () => queues.brokenJobs(queue, 10)),
    make('compact', () => queues.compact(queue)),
    make('position', () => queues.position(queue, id('plain1'))),
    make('queueNames', () => queues.queueNames()),
    make('configuration', () => queues.configuration(queue)),
    ...KINDS.flatMap((kind) => [
      make(`registryIds ${kind}`, () => queues.registryIds(queue, kind, 0, -1, false)),
      make(`registryCount ${kind}`, () => queues.registryCount(queue, kind)),
      make(`registryScoreMs ${kind}`, () => queues.registryScoreMs(queue, kind, id('plain1'))),
      make(`registryCleanup ${kind}`, () => queues.registryCleanup(queue, kind)),
    ]),
    make('workers', () => workers.workers(queue)),
    make('all workers', () => workers.workers()),
    make('workerCount', () => workers.workerCount(queue)),
    make('namesInUse', () => workers.namesInUse(queue)),
    make('group', () => groups.jobIds(`g-${queue}`)),
    make('groups', () => groups.names()),
    make('scheduler', () => schedules.scheduler('1')),
    make('leaderPid', () => schedules.leaderPid(queue)),
    make('cron schedulers', () => crons.schedulers()),
    make('cron scheduler', () => crons.scheduler('cs')),
    make('cron history', () => crons.history(`c-${queue}`, 0, -1)),
    make('cron beat', () => crons.heartbeat(CRON_SCHEDULER, 'i')),
    make('cron open', () => crons.open({ name: `c-${queue}`, slot: 1 }, 'rule')),
    make('cron run', () => {
      const tick = { ms: 2000, latestMs: 1000, unlessRunning: queue }
      return crons.run({ name: `c-${queue}`, slot: 1, job: newJob({ id: id('tick'), origin: queue }), tick })
    }),
    make('schedule read', () => recurring.read(`n-${queue}`)),
    make('schedule list', () => recurring.list('', 10)),
    make('schedule due', () => recurring.due(queue, 10)),
    make('schedule tick', () => recurring.tick(tickOf(queue, 2000))),
    make('schedule run', () => recurring.run(`n-${queue}`, id('asked'))),
    make('schedule history', () => recurring.history(`n-${queue}`, 0, -1)),
    make('register', () => workers.register(WORKER, LEASE_MS)),
    make('maintenanceTurn', () => workers.maintenanceTurn({ worker: WORKER, queues: [queue], forMs: LATER_MS })),
  ])
  await enqueueAll(place, faults, queue, may)
}

async function enqueueAll({ storage }: Place, faults: Faults, queue: QueueName, may: (step: string) => boolean) {
  const make = <T>(what: string, step: () => Promise<T>) => faults.of(`${what} ${queue}`, may(what), step)
  const job = (word: string, facts = {}, where = {}) =>
    newJob({ id: `${queue}-new-${word}`, origin: queue, ...facts }, where)
  const { queues } = storage
  await make('enqueue', () => queues.enqueue([job('1')]))
  await make('enqueue plain', () => queues.enqueue([job('11', {}, { hasNewId: true })]))
  await make('enqueue', () => queues.enqueue([job('2'), job('3', { ttlS: 60 }), job('4', {}, { atFront: true })]))
  await make('enqueue limited', () => queues.enqueue([job('5', { rateLimit: { key: `k-${queue}`, concurrency: 1 } })]))
  await make('enqueue dependent', () => queues.enqueue([job('6', { dependencyIds: [`${queue}-parent`] })]))
  await make('enqueue later', () => queues.enqueue([job('7', {}, { delayMs: LATER_MS })]))
  await make('enqueue grouped', () => queues.enqueue([job('8', { groupId: `g-${queue}` })]))
  await make('enqueue unique', () => queues.enqueue([job('1', {}, { unique: true })]))
  await make('enqueue keyed', () => queues.enqueue([job('11', { unique: { key: 'x', until: 'ended' } }), job('12')]))
  await make('begin', () => queues.begin(job('9'), 'w', LEASE_MS))
  await make('save', () => storage.jobs.save(job('10').record))
}

/** Every step that ends, moves or removes something, on one of the queues. */
export async function change(place: Place, faults: Faults, queue: QueueName, may: (step: string) => boolean) {
  const { crons, jobs, queues, schedules } = place.storage
  const id = (word: string) => `${queue}-${word}`
  const make = <T>(what: string, step: () => Promise<T>) => faults.of(`${what} ${queue}`, may(what), step)
  await make('cancel', () =>
    jobs.cancel({ jobId: id('doomed1'), enqueueDependents: true, removeFromDependencies: true }),
  )
  await make('delete', () => jobs.delete({ jobId: id('doomed2'), deleteDependents: true }))
  await make('delete limited', () => jobs.delete({ jobId: id('doomed3'), deleteDependents: false }))
  const lease = { queue, jobId: id('plain1'), executionId: 'other' }
  await make('setAside', () =>
    place.storage.workers.setAside({ lease, workerName: 'w', rateLimit: `k-${queue}`, reason: 'it was refused' }),
  )
  await make('requeue', () => jobs.requeue(id('failed'), true))
  await make('enqueue again', () =>
    queues.enqueue([newJob({ id: id('failed2'), origin: queue, createdAtMs: 1 }, { again: true })]),
  )
  await make('configure', () => queues.configure(queue, { keepFailed: 1001 }))
  await make('update', () => jobs.update(id('plain1'), { description: 'other' }))
  await make('promote', () => schedules.promote(id('later1'), true))
  await make('reschedule', () => schedules.reschedule(id('later2'), Date.now() + LATER_MS))
  await make('setPaused', () => crons.setPaused(`c-${queue}`, true))
}

/** The steps that end all. */
export async function leave(place: Place, faults: Faults, queue: QueueName, may: (step: string) => boolean) {
  const { crons, jobs, queues, recurring, schedules, workers } = place.storage
  const make = <T>(what: string, step: () => Promise<T>) => faults.of(`${what} ${queue}`, may(what), step)
  await Promise.all(
    READ[queue].map((word) =>
      make('delete', () => jobs.delete({ jobId: `${queue}-${word}`, deleteDependents: false })),
    ),
  )
  await make('pause', () => queues.pause(queue))
  await make('empty', () => queues.empty(queue))
  await make('deleteQueue', () => queues.deleteQueue(queue, true))
  await make('stopLeading', () => schedules.stopLeading(SCHEDULER))
  await make('schedule remove', () => recurring.remove(`n-${queue}`))
  await make('cron leave', () => crons.unregister('cs', 'i'))
  const held = [{ queue: 'b', reason: 'no', sinceMs: 1 }] as const
  await make('showHolds', () => workers.showHolds(WORKER, { paused: ['a'], held }))
  await make('showJobNames', () => workers.showJobNames(WORKER, { names: ['a'], more: 0 }))
  await make('unregister', () => workers.unregister(WORKER))
}
