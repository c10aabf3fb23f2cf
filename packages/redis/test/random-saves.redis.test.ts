import { type Claimed, settle } from '@rq/job'
import { RUNS_ALL, startRedis } from '@rq/testkit'
import { claimRequest, newJob, RAISED, RETURNED, rescue } from '@rq/testkit/storage-conformance'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const SEQUENCES = Number(process.env.RQ_MODEL_SEQUENCES ?? (RUNS_ALL ? 1000 : 50))
const QUEUES = ['q', 'r'] as const
const IDS = ['a', 'b', 'c'] as const
const NOT_SAVED = ['execution_id', 'results', 'result', 'waiters', 'abandoned_count', 'run_again', 'unique']

const id = fc.constantFrom(...IDS)
const queue = fc.constantFrom(...QUEUES)
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('enqueue' as const),
      id,
      queue,
      parents: fc.uniqueArray(id, { maxLength: 2 }),
      isLimited: fc.boolean(),
      isLater: fc.boolean(),
      retries: fc.nat(1),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('claim' as const), queue, want: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle' as const), which: fc.nat(9), fails: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('crash' as const), queue }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const), id }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('save' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('promote' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('requeue' as const), id }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/**
 * Makes random steps of producers and workers, between which a Python program saves older copies of jobs that have not
 * ended, and workers die. No job may run twice at once, nor more jobs of a rate limit than it allows. At the end a
 * worker that lives must end all jobs that are not held back by a canceled one.
 */
class Run {
  readonly #client: Redis
  readonly #prefix: string
  readonly #storage: RedisStorage
  readonly #copies = new Map<string, Record<string, string>>()
  /** Executions under way, with the job as it was enqueued. */
  #running: (Claimed & { readonly made: number | undefined })[] = []
  #clock = 0
  readonly #made = new Map<string, number>()

  constructor(client: Redis, prefix: string) {
    this.#client = client
    this.#prefix = prefix
    this.#storage = new RedisStorage({ connection: client, prefix })
  }

  async check(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#step(one)
    for (let round = 0; round < 40 && (await this.#round()); round++);
    expect(await this.#waiting()).toEqual([])
  }

  async #step(one: Step): Promise<void> {
    const { jobs, queues, schedules, workers } = this.#storage
    switch (one.kind) {
      case 'enqueue': {
        this.#made.set(one.id, ++this.#clock)
        this.#copies.delete(one.id)
        const parents = one.parents.filter((other) => other < one.id)
        const facts = {
          id: one.id,
          origin: one.queue,
          createdAtMs: 1_790_000_000_000 + this.#clock,
          retryIntervalsS: [0],
          ...(one.retries > 0 && { retriesLeft: one.retries }),
          ...(parents.length > 0 && { dependencyIds: parents, allowDependencyFailures: true }),
          ...(one.isLimited && { rateLimit: { key: 'k', concurrency: 1 } }),
        }
        await queues.enqueue([newJob(facts, one.isLater ? { delayMs: 3_600_000 } : {})])
        return this.#copy(one.id)
      }
      case 'claim': {
        const { jobs: claimed } = await workers.claim(
          claimRequest({ queues: [one.queue], want: one.want, leaseMs: 60_000 }),
        )
        return this.#start(claimed)
      }
      case 'settle': {
        const [execution] = this.#running.splice(one.which % Math.max(1, this.#running.length), 1)
        if (execution !== undefined) await this.#settle(execution, one.fails)
        return
      }
      case 'crash':
        return this.#crash(one.queue)
      case 'copy':
        return this.#copy(one.id)
      case 'save':
        return this.#save(one.id)
      case 'promote':
        await schedules.promote(one.id, false)
        return
      case 'cancel':
        this.#copies.delete(one.id)
        await jobs.cancel({ jobId: one.id, enqueueDependents: true, removeFromDependencies: false })
        return
      case 'delete':
        this.#copies.delete(one.id)
        this.#made.delete(one.id)
        await jobs.delete({ jobId: one.id, deleteDependents: false })
        return
      case 'requeue':
        await jobs.requeue(one.id, false)
    }
  }

  async #copy(jobId: string): Promise<void> {
    const fields = await this.#client.hgetall(`${this.#prefix}job:${jobId}`)
    for (const name of NOT_SAVED) delete fields[name]
    if (fields.data !== undefined && fields.status !== 'canceled') this.#copies.set(jobId, fields)
  }

  async #save(jobId: string): Promise<void> {
    const copy = this.#copies.get(jobId)
    const key = `${this.#prefix}job:${jobId}`
    if (copy === undefined || (await this.#client.hget(key, 'status')) === null) return
    for (const name of QUEUES)
      for (const kind of ['finished', 'failed', 'canceled'])
        if ((await this.#client.zscore(`${this.#prefix}${kind}:${name}`, jobId)) !== null) return
    await this.#client.hset(key, copy)
  }

  #start(claimed: readonly Claimed[]): void {
    for (const one of claimed) {
      const made = this.#made.get(one.job.id)
      const beside = this.#running.filter(({ job, made: other }) => job.id === one.job.id && other === made)
      expect(
        beside.map(({ job }) => job.id),
        'runs twice at once',
      ).toEqual([])
      this.#running.push({ ...one, made })
      const limited = this.#running.filter(({ job }) => job.rateLimit !== undefined)
      expect(limited.length, 'more than the limit at once').toBeLessThanOrEqual(1)
    }
  }

  async #settle({ executionId, hint, job }: Claimed, fails: boolean): Promise<void> {
    const settlement = settle(job, executionId, fails ? RAISED : RETURNED, { hint })
    await this.#storage.workers.settle('worker', [settlement])
  }

  async #crash(name: string): Promise<void> {
    const key = `${this.#prefix}wip:${name}`
    for (const member of await this.#client.zrange(key, 0, '-1')) await this.#client.zadd(key, '0', member)
    this.#running = this.#running.filter(({ job }) => job.origin !== name)
    this.#start(await rescue(this.#storage.workers, { queue: name, leaseMs: 60_000, most: 100 }))
  }

  /** Let a worker that lives do all there is to do now. Returns whether there was anything. */
  async #round(): Promise<boolean> {
    const { schedules, workers } = this.#storage
    let isBusy = false
    for (const name of QUEUES) {
      await this.#crash(name)
      await schedules.lead({ name: 's', queues: [name], pid: 1, hostname: 'h', createdAtMs: 0 }, 60_000)
      const key = `${this.#prefix}scheduled:${name}`
      for (const member of await this.#client.zrange(key, 0, '-1')) await this.#client.zadd(key, '1000', member)
      const promoted = await schedules.promoteDue(name, 's', 100)
      isBusy ||= promoted !== 'lost' && promoted.moved > 0
    }
    await workers.cleanUp(QUEUES)
    while (await workers.releaseDependents());
    const { jobs } = await workers.claim(claimRequest({ queues: QUEUES, want: 100, leaseMs: 60_000 }))
    this.#start(jobs)
    isBusy ||= this.#running.length > 0
    for (const execution of this.#running.splice(0)) await this.#settle(execution, false)
    return isBusy
  }

  /** What nothing would ever start, or is in no place. */
  async #waiting(): Promise<string[]> {
    const found: string[] = []
    const kinds = ['queue', 'wip', 'scheduled']
    for (const key of await this.#client.keys(`${this.#prefix}*`)) {
      const name = key.slice(this.#prefix.length)
      if (kinds.some((kind) => name.startsWith(`${kind}:`)) || /^rl:.*:(allowed|rate_limited)$|^rl-held$/.test(name))
        found.push(name)
    }
    for (const jobId of IDS) {
      const key = `${this.#prefix}job:${jobId}`
      if ((await this.#client.exists(key)) === 0) continue
      const places = QUEUES.flatMap((name) =>
        ['finished', 'failed', 'canceled', 'deferred'].map((kind) => `${kind}:${name}`),
      )
      const scores = await Promise.all(places.map((place) => this.#client.zscore(`${this.#prefix}${place}`, jobId)))
      const held = places.filter((_, n) => scores[n] !== null)
      if (held.length !== 1) found.push(`${jobId} is in ${held.join() || 'no place'}`)
      if (!held[0]?.startsWith('deferred')) continue
      const others = (await this.#storage.jobs.explain(jobId))?.dependencies ?? []
      if (!JSON.stringify(others).match(/canceled|stopped|deferred/))
        found.push(`${jobId} is deferred for ${JSON.stringify(others)}`)
    }
    return found
  }
}

/** Sequences under way at once: their round trips overlap. */
const LANES = 4

it(`loses no job in ${SEQUENCES} random sequences of steps, with saves of older copies and deaths`, async () => {
  await using redis = await startRedis()
  const client = new Redis(redis.url)
  const seed = Number(fc.readConfigureGlobal().seed)
  let serial = 0
  try {
    const lane = (number: number) =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20, size: 'max' }), async (steps) => {
          await new Run(client, `m${++serial}:`).check(steps)
        }),
        { numRuns: Math.ceil(SEQUENCES / LANES), seed: seed + number },
      )
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)))
    expect(serial).toBeGreaterThanOrEqual(SEQUENCES)
  } finally {
    client.disconnect()
  }
})
