import { settle } from '@rq/job'
import { type RedisFixture, redisFixture } from '@rq/testkit'
import {
  claimRequest,
  end,
  newJob,
  newWorker,
  RAISED,
  RETURNED,
  rescue,
  workOff,
} from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { changesBy, NEW_HASH, withTtlsOf } from './whole-state.ts'

const LIMIT = { rateLimit: { key: 'k', concurrency: 1 } }
const CANCEL = { enqueueDependents: false, removeFromDependencies: false }
const WORKER = newWorker({ ttlS: 60 })

interface Place {
  readonly storage: RedisStorage
  readonly other: RedisStorage
  readonly redis: RedisFixture
}

/**
 * A state with something everywhere, to which `job` belongs: in `default` between two others, in a group and a rate
 * limit, with jobs that wait for it, and waiting for nothing. What a step does not say it changes must be as it was.
 */
async function inTheMiddle(run: (place: Place) => Promise<void>, tolerate?: RegExp): Promise<void> {
  await using redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await using other = new RedisStorage({ connection: redis.url, prefix: redis.prefix, role: 'worker' })
  const { queues } = storage
  await queues.enqueue([
    newJob({ id: 'done', origin: 'past', resultTtlS: 600 }),
    newJob({ id: 'gone', origin: 'past', resultTtlS: 0 }),
  ])
  await workOff(storage, RETURNED, ['past'])
  await queues.enqueue([newJob({ id: 'bad', origin: 'past' })])
  await workOff(storage, RAISED, ['past'])
  await queues.enqueue([
    newJob({ id: 'first' }),
    newJob({ id: 'job', ...LIMIT, groupId: 'g' }),
    newJob({ id: 'last' }),
    newJob({ id: 'limited', ...LIMIT, groupId: 'g' }),
    newJob({ id: 'child', origin: 'children', dependencyIds: ['job'] }),
    newJob({ id: 'both', origin: 'children', dependencyIds: ['job', 'first'] }),
    newJob({ id: 'later' }, { dueMs: 4_000_000_000_000 }),
  ])
  await run({ storage, other, redis })
}

/** The jobs before `job` and it itself run. */
async function started({ storage }: Place) {
  const { jobs } = await storage.workers.claim(claimRequest({ want: 2 }))
  const leases = jobs.map(({ executionId, job }) => ({ queue: job.origin, jobId: job.id, executionId }))
  return { jobs, leases }
}

/** What happens when `job` gives its slot back. */
const NEXT_IN_LIMIT = {
  'rq:job:limited': { status: 'queued', enqueued_at: '<time>' },
  'rq:rl:k:allowed': { job: null, limited: 'now+0' },
  'rq:rl:k:rate_limited': null,
}

describe('cancel', () => {
  it('moves the job to the canceled registry and gives its slot on', () =>
    inTheMiddle(async ({ storage, redis }) => {
      expect(await changesBy(redis, () => storage.jobs.cancel({ jobId: 'job', ...CANCEL }))).toEqual({
        ...NEXT_IN_LIMIT,
        'rq:canceled:default': { job: 'now+0' },
        'rq:job:job': { status: 'canceled' },
        'rq:queue:default': ['first', 'last', 'limited'],
      })
      const again = () => storage.jobs.cancel({ jobId: 'job', ...CANCEL })
      expect(await changesBy(redis, async () => expect(await again()).toBe('refused'))).toEqual({})
      const missing = () => storage.jobs.cancel({ jobId: 'gone', ...CANCEL })
      expect(await changesBy(redis, async () => expect(await missing()).toBe('missing'))).toEqual({})
    }))

  it('lets those go on that wait for nothing else, where that is asked for', () =>
    inTheMiddle(async ({ storage, redis }) => {
      const request = { jobId: 'job', enqueueDependents: true, removeFromDependencies: true }
      expect(await changesBy(redis, () => storage.jobs.cancel(request))).toEqual({
        ...NEXT_IN_LIMIT,
        'rq:canceled:default': { job: 'now+0' },
        'rq:deferred:children': { child: null },
        'rq:job:child': { status: 'queued', enqueued_at: '<time>' },
        'rq:job:job': { status: 'canceled' },
        'rq:job:job:dependents': null,
        'rq:job::both:dependencies': ['first'],
        'rq:job::child:dependencies': null,
        'rq:queue:children': ['child'],
        'rq:queue:default': ['first', 'last', 'limited'],
      })
    }))

  it('leaves a running job its lease and its slot', () =>
    inTheMiddle(async (place) => {
      await started(place)
      expect(await changesBy(place.redis, () => place.storage.jobs.cancel({ jobId: 'later', ...CANCEL }))).toEqual({
        'rq:canceled:default': { later: 'now+0' },
        'rq:job:later': { status: 'canceled' },
        'rq:scheduled:default': null,
      })
    }))
})

describe('delete', () => {
  it('takes the job out of its queue, group, limit and dependencies, with all keys of its own', () =>
    inTheMiddle(async ({ storage, redis }) => {
      expect(await changesBy(redis, () => storage.jobs.delete({ jobId: 'job', deleteDependents: false }))).toEqual({
        ...NEXT_IN_LIMIT,
        'rq:group:g': ['limited'],
        'rq:job:job': null,
        // Who waits for it is remembered for a year: a job of its name may come.
        'rq:job:job:dependents': null,
        'rq:job:job:dependents (31536000 s)': ['both', 'child'],
        'rq:queue:default': ['first', 'last', 'limited'],
      })
      const again = () => storage.jobs.delete({ jobId: 'job', deleteDependents: false })
      expect(await changesBy(redis, async () => expect(await again()).toBe('missing'))).toEqual({})
    }))

  it('takes its dependents along, where that is asked for', () =>
    inTheMiddle(async ({ storage, redis }) => {
      expect(await changesBy(redis, () => storage.jobs.delete({ jobId: 'job', deleteDependents: true }))).toEqual({
        ...NEXT_IN_LIMIT,
        'rq:deferred:children': null,
        'rq:group:g': ['limited'],
        'rq:job:both': null,
        'rq:job:child': null,
        'rq:job:first:dependents': null,
        'rq:job:job': null,
        'rq:job:job:dependents': null,
        'rq:job::both:dependencies': null,
        'rq:job::child:dependencies': null,
        'rq:queue:default': ['first', 'last', 'limited'],
      })
    }))

  it('leaves a running job its lease and slot until its run has ended', () =>
    inTheMiddle(async (place) => {
      const { leases } = await started(place)
      const changes = await changesBy(place.redis, () =>
        place.storage.jobs.delete({ jobId: 'job', deleteDependents: false }),
      )
      expect(changes).toMatchObject({
        'rq:job:job': null,
        'rq:rl-held': { 'job:<execution>': 'k' },
        'rq:rl:k:allowed': { job: null, 'job:<execution>:default': 'now+0' },
      })
      expect(Object.keys(changes)).not.toContain('rq:wip:default')
      const { client, prefix } = place.redis
      const held = leases.filter(({ jobId }) => jobId === 'job')
      await client.zadd(`${prefix}wip:default`, '1', `job:${held[0]?.executionId}`)
      const beat = { worker: WORKER, state: 'busy', leases, leaseMs: 15_000 } as const
      const heard = await changesBy(place.redis, async () => {
        expect((await place.storage.workers.heartbeat(beat)).lost).toMatchObject([{ jobId: 'job' }])
      })
      expect(heard).not.toHaveProperty('rq:rl-held')
      expect(heard).toMatchObject({ 'rq:wip:default': { 'job:<execution>': 'now+75' } })
      expect(
        await changesBy(place.redis, async () => {
          expect(await place.storage.workers.giveBack(held)).toEqual(['lost'])
        }),
      ).toMatchObject({
        'rq:job:limited': { status: 'queued' },
        'rq:rl-held': null,
        'rq:rl:k:allowed': { 'job:<execution>:default': null, limited: 'now+0' },
        'rq:wip:default': { 'job:<execution>': null },
      })
    }))

  it('ends the lease of a running job without a rate limit', () =>
    inTheMiddle(async (place) => {
      const { leases } = await started(place)
      await place.storage.workers.heartbeat({ worker: WORKER, state: 'busy', leases, leaseMs: 15_000 })
      const lease = `first:<execution>`
      const changes = await changesBy(place.redis, () =>
        place.storage.jobs.delete({ jobId: 'first', deleteDependents: false }),
      )
      expect(changes).toMatchObject({ 'rq:job:first': null, 'rq:wip:default': { [lease]: null } })
      const executions = Object.keys(changes).filter((key) => /^rq:executions?:/.test(key))
      expect(executions.map((key) => key.replace(/:[0-9a-f]{20}/, ''))).toEqual([
        'rq:execution:first (75 s)',
        'rq:executions:first (75 s)',
      ])
    }))
})

describe('requeue', () => {
  it('moves the job from the failed registry into its queue, and forgets how it ended', () =>
    inTheMiddle(async ({ storage, redis }) => {
      const changes = await changesBy(redis, () => storage.jobs.requeue('bad', true))
      expect(changes).toEqual({
        'rq:failed:past': null,
        'rq:job:bad (31536000 s)': null,
        'rq:job:bad': {
          ...NEW_HASH,
          origin: 'past',
          worker_name: 'worker',
          results: 'stream',
          started_at: '',
          ended_at: '',
        },
        'rq:queue:past': ['bad'],
      })
      for (const [id, answer] of [
        ['bad', 'refused'],
        ['job', 'refused'],
        ['gone', 'missing'],
      ] as const) {
        const refused = async () => expect(await storage.jobs.requeue(id, false)).toBe(answer)
        expect(await changesBy(redis, refused)).toEqual({})
      }
    }))
})

describe('empty', () => {
  it('deletes what waits, with all that belongs to it, and leaves the rest', () =>
    inTheMiddle(async ({ storage, redis }) => {
      expect(await changesBy(redis, () => storage.queues.empty('default'))).toEqual({
        ...NEXT_IN_LIMIT,
        'rq:group:g': ['limited'],
        'rq:job:first': null,
        'rq:job:first:dependents': null,
        'rq:job:first:dependents (31536000 s)': ['both'],
        'rq:job:job': null,
        'rq:job:job:dependents': null,
        'rq:job:job:dependents (31536000 s)': ['both', 'child'],
        'rq:job:last': null,
        // It got the slot of a job that was deleted, after the count.
        'rq:queue:default': ['limited'],
      })
    }))
})

describe('compact and remove', () => {
  it('change the list only', () =>
    inTheMiddle(async ({ storage, redis }) => {
      await redis.client.linsert(`${redis.prefix}queue:default`, 'AFTER', 'first', 'gone')
      const compact = async () => expect(await storage.queues.compact('default')).toBe(1)
      expect(await changesBy(redis, compact)).toEqual({ 'rq:queue:default': ['first', 'job', 'last'] })
      const remove = async () => expect(await storage.queues.remove('default', 'first')).toBe(1)
      expect(await changesBy(redis, remove)).toEqual({ 'rq:queue:default': ['job', 'last'] })
    }, /^job first \(queued\) is nowhere/))
})

describe('give back', () => {
  it('puts jobs to the head as they were', () =>
    inTheMiddle(async (place) => {
      const { storage, redis } = place
      const before = await redis.dump()
      const { leases } = await started(place)
      await storage.workers.giveBack(leases)
      expect(withTtlsOf(before, await redis.dump())).toEqual(before)
      expect(await changesBy(redis, () => storage.workers.giveBack(leases))).toEqual({})
    }))
})

describe('heartbeat', () => {
  it('renews leases and records, and says which leases are lost', () =>
    inTheMiddle(async (place) => {
      const { storage, redis } = place
      const { leases } = await started(place)
      const [first, second] = leases.map(({ executionId, jobId }) => `${jobId}:${executionId}`)
      const lost = { queue: 'default', jobId: 'last', executionId: 'e'.repeat(20) }
      const beat = async () => {
        const state = { worker: WORKER, state: 'busy', leases: [...leases, lost], leaseMs: 30_000 } as const
        expect(await storage.workers.heartbeat(state)).toMatchObject({ lost: [lost] })
      }
      const changes = await changesBy(redis, beat)
      expect(Object.keys(changes).sort()).toEqual(
        [
          `rq:execution:${first} (90 s)`,
          `rq:execution:${second} (90 s)`,
          'rq:executions:first (90 s)',
          'rq:executions:job (90 s)',
          'rq:job:first',
          'rq:job:job',
          'rq:wip:default',
          'rq:worker:worker (60 s)',
          'rq:worker:worker:executions (90 s)',
          'rq:workers',
          'rq:workers:default',
        ].sort(),
      )
      expect(changes).toMatchObject({
        'rq:job:first': { last_heartbeat: '<time>' },
        'rq:wip:default': { 'first:<execution>': 'now+90', 'job:<execution>': 'now+90' },
      })
    }))
})

describe('recover', () => {
  it('leases abandoned jobs anew and counts that, and changes nothing else', () =>
    inTheMiddle(async (place) => {
      const { storage, redis } = place
      const { jobs } = await started(place)
      const wip = `${redis.prefix}wip:default`
      await redis.client.zadd(wip, '1', `job:${jobs[1]?.executionId}`)
      const recover = async () => {
        const taken = await rescue(storage.workers)
        expect(taken.map(({ job }) => [job.id, job.abandonedCount])).toEqual([['job', 1]])
      }
      expect(await changesBy(redis, recover)).toEqual({
        'rq:job:job': { abandoned_count: '1' },
        'rq:wip:default': { 'job:<execution>': 'now+75' },
      })
      expect(await end(storage, jobs.slice(1), RETURNED)).toEqual(['lost'])
    }))
})

describe('update_job and save_job', () => {
  it('write what they are given, and only for whom it is', () =>
    inTheMiddle(async (place) => {
      const { storage, redis } = place
      const save = (id: string, execution?: string) => () =>
        storage.jobs.update(id, { meta: '{"a":1}', timeoutS: -1 }, execution)
      expect(await changesBy(redis, save('job'))).toEqual({ 'rq:job:job': { meta: '{"a":1}', timeout: '-1' } })
      expect(await changesBy(redis, save('gone'))).toEqual({})
      expect(await changesBy(redis, save('last', 'another'))).toEqual({})
      const [record] = await storage.jobs.fetch(['last'])
      if (record === undefined) throw new Error('last is gone')
      const changed = { ...record, status: 'failed', description: 'new' } as const
      expect(await changesBy(redis, () => storage.jobs.save(changed))).toEqual({
        'rq:job:last': { description: 'new' },
      })
    }))
})

describe('reading', () => {
  it('changes nothing', () =>
    inTheMiddle(async ({ storage, redis }) => {
      const { groups, jobs, queues, workers } = storage
      const read = () =>
        Promise.all([
          jobs.fetch(['job', 'gone']),
          jobs.explain('both'),
          jobs.results('done'),
          jobs.executions('job'),
          jobs.dependentIds('job'),
          groups.jobIds('g'),
          queues.jobIds('default', 0, -1),
          queues.registryIds('past', 'finished', 0, -1, false),
          workers.releaseDependents(),
        ])
      expect(await changesBy(redis, read)).toEqual({})
    }))
})

/** Two clients at the same moment: both answers, in either order. */
describe('two clients', () => {
  const cancel = ({ jobs }: RedisStorage) => jobs.cancel({ jobId: 'job', ...CANCEL })
  const release = ({ jobs }: RedisStorage) =>
    jobs.cancel({ jobId: 'job', enqueueDependents: true, removeFromDependencies: false })
  const remove = ({ jobs }: RedisStorage) => jobs.delete({ jobId: 'job', deleteDependents: false })
  const claim = async ({ workers }: RedisStorage) =>
    (await workers.claim(claimRequest({ want: 3 }))).jobs.map(({ job }) => job.id).join()
  const empty = ({ queues }: RedisStorage) => queues.empty('default')

  it.each([
    [
      'cancel it',
      cancel,
      'cancel it',
      release,
      [
        ['done', 'refused'],
        ['refused', 'done'],
      ],
    ],
    [
      'cancel it',
      cancel,
      'delete it',
      remove,
      [
        ['done', 'done'],
        ['missing', 'done'],
      ],
    ],
    [
      'delete it',
      remove,
      'delete it',
      remove,
      [
        ['done', 'missing'],
        ['missing', 'done'],
      ],
    ],
    [
      'cancel it',
      cancel,
      'claim it',
      claim,
      [
        ['done', 'first,job,last'],
        ['done', 'first,last,limited'],
      ],
    ],
    [
      'delete it',
      remove,
      'claim it',
      claim,
      [
        ['done', 'first,job,last'],
        ['done', 'first,last,limited'],
      ],
    ],
    [
      'claim it',
      claim,
      'claim it',
      claim,
      [
        ['first,job,last', ''],
        ['', 'first,job,last'],
      ],
    ],
    [
      'empty the queue',
      empty,
      'claim from it',
      claim,
      [
        [3, 'limited'],
        [3, ''],
        [0, 'first,job,last'],
      ],
    ],
    [
      'empty the queue',
      empty,
      'delete a job of it',
      remove,
      [
        [3, 'missing'],
        [3, 'done'],
        [2, 'done'],
        [4, 'done'],
      ],
    ],
  ] as const)('%s and %s: one is first', async (_, one, __, two, allowed) => {
    for (let round = 0; round < 5; round++) {
      await inTheMiddle(async ({ storage, other }) => {
        const answers = await Promise.all(round % 2 ? [one(storage), two(other)] : [one(other), two(storage)])
        expect(allowed.map(String)).toContain(String(answers))
      })
    }
  })

  it.each(['requeue it', 'delete it', 'cancel it'])('requeue a failed job and %s: one is first', async (what) => {
    for (let round = 0; round < 5; round++) {
      await inTheMiddle(async ({ storage, other }) => {
        const second = {
          'requeue it': () => other.jobs.requeue('bad', false),
          'delete it': () => other.jobs.delete({ jobId: 'bad', deleteDependents: false }),
          'cancel it': () => other.jobs.cancel({ jobId: 'bad', ...CANCEL }),
        }[what]
        const answers = await Promise.all([storage.jobs.requeue('bad', false), second?.()])
        expect([
          ['done', 'refused'],
          ['refused', 'done'],
          ['missing', 'done'],
          ['done', 'done'],
        ]).toContainEqual(answers)
        expect(answers.filter((answer) => answer === 'done').length).toBe(
          what === 'requeue it' ? 1 : answers[0] === 'done' ? 2 : 1,
        )
      })
    }
  })

  it.each([
    [
      'gives it back',
      (storage: RedisStorage, leases: Parameters<RedisStorage['workers']['giveBack']>[0]) =>
        storage.workers.giveBack(leases),
    ],
    ['deletes it', (storage: RedisStorage) => storage.jobs.delete({ jobId: 'job', deleteDependents: false })],
    ['cancels it', (storage: RedisStorage) => storage.jobs.cancel({ jobId: 'job', ...CANCEL })],
  ] as const)('one settles a job while the other %s', async (_, act) => {
    for (let round = 0; round < 5; round++) {
      await inTheMiddle(async (place) => {
        const { storage, other } = place
        const { jobs, leases } = await started(place)
        const settlements = jobs.map(({ executionId, hint, job }) => settle(job, executionId, RETURNED, { hint }))
        const [{ answers }] = await Promise.all([storage.workers.settle('worker', settlements), act(other, leases)])
        for (const answer of answers) expect(['applied', 'lost', 'gone']).toContain(answer)
      }, /is deferred, but all it waits for is over/)
    }
  })
})
