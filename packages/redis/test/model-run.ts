import { type Claimed, type NewJob, type Outcome, settle } from '@rq/job'
import { findViolations, type RedisSnapshot, snapshotRedis } from '@rq/testkit'
import { claimRequest, newJob } from '@rq/testkit/storage-conformance'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { Model } from './model.ts'
import { type ModelOutcome, type NewModelJob, RETURNED_RETRIES } from './model-job.ts'

const QUEUES = ['q', 'r'] as const
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const TIMES = { startedAtMs: 1_790_000_001_000, endedAtMs: 1_790_000_002_000 }
const DELAY_S = 3600
const FAR_MS = 4_000_000_000_000

const queue = fc.constantFrom(...QUEUES)
const id = fc.constantFrom(...IDS)
const rarely = fc.integer({ min: 0, max: 4 }).map((n) => n === 0)

const job: fc.Arbitrary<NewModelJob> = fc
  .record({
    id,
    queue,
    atFront: rarely,
    unique: rarely,
    due: rarely,
    dependencies: fc.uniqueArray(id, { maxLength: 3 }),
    allowFailure: fc.boolean(),
    dependencyFront: rarely,
    limit: fc.option(fc.constantFrom('k', 'l'), { nil: undefined }),
    group: fc.option(fc.constant('g'), { nil: undefined }),
    retries: fc.integer({ min: 0, max: 2 }),
    retryDelayed: fc.boolean(),
    repeats: fc.integer({ min: 0, max: 1 }),
    repeatDelayed: fc.boolean(),
    resultTtlS: fc.constantFrom(500, 500, 0, -1),
  })
  .map((facts) => {
    const dependencies = facts.dependencies.filter((other) => other !== facts.id)
    const concurrency = facts.limit === 'k' ? 1 : 2
    return { ...facts, concurrency, dependencies, dependencyFront: dependencies.length > 0 && facts.dependencyFront }
  })

const outcome: fc.Arbitrary<ModelOutcome> = fc.constantFrom('returned', 'returned', 'raised', 'retry', 'stopped')
const which = fc.nat(20)

/** One step of a sequence. `which` picks among the executions there are. */
export type Command = { readonly kind: string; readonly [fact: string]: unknown } & (
  | { kind: 'enqueue'; jobs: readonly NewModelJob[] }
  | { kind: 'claim'; queues: readonly string[]; want: number }
  | { kind: 'settle'; which: number; outcome: ModelOutcome }
  | { kind: 'give back'; which: number }
  | { kind: 'crash'; queue: string }
  | { kind: 'cancel'; id: string; enqueueDependents: boolean; removeFromDependencies: boolean }
  | { kind: 'delete'; id: string; deleteDependents: boolean }
  | { kind: 'requeue'; id: string; atFront: boolean }
  | { kind: 'promote'; id: string; atFront: boolean }
  | { kind: 'empty'; queue: string }
  | { kind: 'cleanUp' }
)

const is = <K extends Command['kind']>(kind: K) => fc.constant(kind)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: is('enqueue'), jobs: fc.array(job, { minLength: 1, maxLength: 3 }) }) },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: is('claim'),
      queues: fc.shuffledSubarray([...QUEUES], { minLength: 1 }),
      want: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: is('settle'), which, outcome }) },
  { weight: 1, arbitrary: fc.record({ kind: is('give back'), which }) },
  { weight: 2, arbitrary: fc.record({ kind: is('crash'), queue }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: is('cancel'),
      id,
      enqueueDependents: fc.boolean(),
      removeFromDependencies: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: is('delete'), id, deleteDependents: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: is('requeue'), id, atFront: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: is('promote'), id, atFront: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: is('empty'), queue }) },
  { weight: 1, arbitrary: fc.record({ kind: is('cleanUp') }) },
) as fc.Arbitrary<Command>

export const sequences: fc.Arbitrary<Command[]> = fc.array(command, { minLength: 4, maxLength: 22, size: 'max' })

/** An execution that was handed out, whether it still owns its job or not. */
interface Execution extends Claimed {
  readonly abandoned: boolean
}

/**
 * A sequence of steps, made by the model and by a storage of its own prefix, compared after each step: what the step
 * answered, and the whole state that anybody can see.
 */
export class Run {
  readonly #client: Redis
  readonly #prefix: string
  readonly #storage: RedisStorage
  readonly #model = new Model()
  readonly #executions: Execution[] = []
  #clockMs = 1_790_000_000_000

  constructor(client: Redis, prefix: string) {
    this.#client = client
    this.#prefix = prefix
    this.#storage = new RedisStorage({ connection: client, prefix })
  }

  /** @throws the difference, at the first step that has one. */
  async check(commands: readonly Command[]): Promise<void> {
    for (const command of commands) {
      await this.#step(command)
      const state = await snapshotRedis(this.#client, this.#prefix)
      expect(visible(state, this.#prefix), `after ${JSON.stringify(command)}`).toEqual(expected(this.#model))
    }
    // A job that was canceled while it ran ends without letting its dependents go (RQ); the model knows.
    const violations = await findViolations(this.#client, this.#prefix)
    expect(violations.filter((text) => !text.includes('is deferred, but all it waits for is over'))).toEqual([])
  }

  async #step(command: Command): Promise<void> {
    const { jobs, queues, schedules, workers } = this.#storage
    const model = this.#model
    switch (command.kind) {
      case 'enqueue': {
        const answers = queues.enqueue(command.jobs.map((made) => this.#newJob(made)))
        expect(await answers).toEqual(command.jobs.map((made) => model.enqueue(made)))
        return
      }
      case 'claim': {
        const { jobs: claimed } = await workers.claim(claimRequest({ queues: command.queues, want: command.want }))
        expect(claimed.map((one) => one.job.id)).toEqual(model.claim(command.queues, command.want))
        for (const one of claimed) this.#start(one, false)
        return
      }
      case 'settle': {
        const execution = this.#pick(command.which)
        if (execution === undefined) return
        const ended = execution.abandoned && command.outcome === 'raised' ? 'abandoned' : command.outcome
        const settlement = settle(execution.job, execution.executionId, outcomeOf(ended, execution))
        const { answers } = await workers.settle('worker', [settlement])
        expect(answers).toEqual([model.settle(execution.job.id, execution.executionId, ended, settlement.to)])
        return
      }
      case 'give back': {
        const execution = this.#pick(command.which)
        if (execution === undefined) return
        const { executionId, job } = execution
        await workers.giveBack([{ queue: job.origin, jobId: job.id, executionId }])
        model.giveBack(job.id, executionId)
        return
      }
      case 'crash':
        return this.#crash(command.queue)
      case 'cancel': {
        const { id: jobId, enqueueDependents, removeFromDependencies } = command
        const answer = await jobs.cancel({ jobId, enqueueDependents, removeFromDependencies })
        expect(answer).toBe(model.cancel(jobId, enqueueDependents, removeFromDependencies))
        return
      }
      case 'delete': {
        const { id: jobId, deleteDependents } = command
        expect(await jobs.delete({ jobId, deleteDependents })).toBe(model.delete(jobId, deleteDependents))
        return
      }
      case 'requeue':
        expect(await jobs.requeue(command.id, command.atFront)).toBe(model.requeue(command.id, command.atFront))
        return
      case 'promote':
        expect(await schedules.promote(command.id, command.atFront)).toBe(model.promote(command.id, command.atFront))
        return
      case 'empty':
        expect(await queues.empty(command.queue)).toBe(model.empty(command.queue))
        return
      case 'cleanUp':
        return workers.cleanUp(QUEUES)
    }
  }

  /** All leases of a queue end, and somebody takes the jobs over. */
  async #crash(name: string): Promise<void> {
    const key = `${this.#prefix}wip:${name}`
    const members = await this.#client.zrange(key, 0, '-1')
    const ended = members.flatMap((member) => ['0', member])
    if (ended.length > 0) await this.#client.zadd(key, ...ended)
    const taken = await this.#storage.workers.recover(name, 'rescuer', 60_000, 100)
    expect(taken.map(({ job: { id: jobId } }) => jobId).sort()).toEqual(this.#model.recover(name).sort())
    for (const one of taken) this.#start(one, true)
  }

  #start(claimed: Claimed, abandoned: boolean): void {
    this.#executions.unshift({ ...claimed, abandoned })
    this.#model.start(claimed.job.id, claimed.executionId)
  }

  #pick(index: number): Execution | undefined {
    return this.#executions[index % Math.max(this.#executions.length, 1)]
  }

  #newJob(made: NewModelJob): NewJob {
    return newJob(
      {
        id: made.id,
        origin: made.queue,
        createdAtMs: ++this.#clockMs,
        resultTtlS: made.resultTtlS,
        retryIntervalsS: [made.retryDelayed ? DELAY_S : 0],
        repeatIntervalsS: [made.repeatDelayed ? DELAY_S : 0],
        ...(made.dependencies.length > 0 && {
          dependencyIds: made.dependencies,
          allowDependencyFailures: made.allowFailure,
        }),
        ...(made.dependencyFront && { enqueueAtFront: true }),
        ...(made.limit !== undefined && { rateLimit: { key: made.limit, concurrency: made.concurrency } }),
        ...(made.group !== undefined && { groupId: made.group }),
        ...(made.retries > 0 && { retriesLeft: made.retries }),
        ...(made.repeats > 0 && { repeatsLeft: made.repeats }),
      },
      {
        atFront: made.atFront || made.dependencyFront,
        unique: made.unique,
        ...(made.due && { dueMs: FAR_MS }),
      },
    )
  }
}

function outcomeOf(kind: ModelOutcome, { job: { abandonedCount = 0, retryIntervalsS } }: Execution): Outcome {
  const error = 'Error: no'
  switch (kind) {
    case 'returned':
      return { ...TIMES, kind, value: '42' }
    case 'retry':
      return { ...TIMES, kind: 'returned_retry', retry: { max: RETURNED_RETRIES, intervalsS: retryIntervalsS ?? [0] } }
    case 'raised':
    case 'stopped':
      return { ...TIMES, kind, error }
    case 'abandoned':
      return { ...TIMES, kind, error, poisoned: abandonedCount >= 3 }
  }
}

type Visible = Record<string, unknown>

/** Lists in order, everything else as sorted lists; what is empty is left out, as in Redis. */
function expected(model: Model): Visible {
  const state: Visible = {}
  const put = (key: string, ids: Iterable<string>, sorted = true): void => {
    const list = sorted ? [...ids].sort() : [...ids]
    if (list.length > 0) state[key] = list
  }
  for (const [name, list] of model.lists) put(`queue:${name}`, list, false)
  for (const [name, list] of model.waiting) put(`rl:${name}:rate_limited`, list, false)
  for (const [name, holders] of model.holders) put(`rl:${name}:allowed`, holders)
  for (const [name, members] of model.groups) put(`group:${name}`, members)
  for (const [id, waiting] of model.dependents) put(`job:${id}:dependents`, waiting)
  const registries = new Map<string, string[]>()
  for (const made of model.jobs.values()) {
    const { id, status, queue: origin } = made
    put(`job::${id}:dependencies`, made.dependencies)
    const kind = status === 'stopped' ? 'failed' : status
    if (['finished', 'failed', 'canceled', 'deferred', 'scheduled'].includes(kind)) {
      const key = `${kind}:${origin}`
      registries.set(key, [...(registries.get(key) ?? []), id])
    }
    const { abandonedCount, execution, expires, numberOfRetries, repeatsLeft, retriesLeft } = made
    state[`job:${id}`] = {
      status,
      origin,
      abandonedCount,
      execution,
      expires,
      numberOfRetries,
      repeatsLeft,
      retriesLeft,
    }
  }
  for (const [key, ids] of registries) put(key, ids)
  for (const lease of model.leases) {
    const key = `wip:${model.leaseQueues.get(lease)}`
    state[key] = [...((state[key] as string[] | undefined) ?? []), lease].sort()
  }
  return state
}

const PLACES =
  /^(queue:|rl:.*:(rate_limited|allowed)$|group:|job:.*:dependents$|job::|finished:|failed:|canceled:|deferred:|scheduled:|wip:)/

function visible({ keys }: RedisSnapshot, prefix: string): Visible {
  const state: Visible = {}
  for (const [key, entry] of keys) {
    if (PLACES.test(key)) {
      const isOrdered = entry.type === 'list' || key.endsWith(':rate_limited')
      const members = entry.type === 'zset' ? byScore(entry.value) : [...(entry.value as readonly string[])]
      state[key] = isOrdered ? members : members.sort()
    } else if (entry.type === 'hash' && key.startsWith('job:')) {
      const field = (name: string) => entry.value.get(name)
      const number = (name: string) => Number(field(name) ?? 0)
      state[key] = {
        status: field('status'),
        origin: field('origin'),
        abandonedCount: number('abandoned_count'),
        execution: field('execution_id'),
        expires: entry.ttlMs >= 0,
        numberOfRetries: number('number_of_retries'),
        repeatsLeft: number('repeats_left'),
        retriesLeft: number('retries_left'),
      }
    } else if (!/^(queues|groups|rl-keys|rl:[^:]*|results:.*)$/.test(key)) {
      state[key] = `unexpected under ${prefix}`
    }
  }
  return state
}

function byScore(members: ReadonlyMap<string, number>): string[] {
  return [...members].sort(([, a], [, b]) => a - b).map(([member]) => member)
}
