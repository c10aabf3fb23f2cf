import { HOUR_MS } from '@rq/core'
import { type Claimed, type JobRecord, type Lease, type NewJob, type ScheduleRule, type Storage, settle } from '@rq/job'
import { findViolations, snapshotRedis } from '@rq/testkit'
import { MemoryStorage } from '@rq/testkit/memory-storage'
import { claimRequest, newJob, newWorker, rescue } from '@rq/testkit/storage-conformance'
import type { Redis } from 'ioredis'
import { expect } from 'vitest'
import { RedisStorage } from '../src/index.ts'
import { FAR_MS, jobOf, outcomeOf } from './model-jobs.ts'
import { factsOf, stateOfMemory, stateOfRedis } from './model-state.ts'
import { IDS, type JobFacts, QUEUES, SCHEDULES, type Step } from './model-steps.ts'

/** A job whose function is unknown goes back twice, and then fails. */
const RETURNS = { returnUnknownForMs: 2000, random: () => 0.5 }
const TICK_MS = 60_000
const WORKER = newWorker({ queues: QUEUES })

/** What one execution is in each of the two storages, whether it still owns its job or not. */
interface Execution {
  readonly name: string
  readonly inRedis: Claimed
  readonly inMemory: Claimed
  readonly abandoned: boolean
}

/**
 * Makes the same steps on a storage on Redis and on one in memory, which shares no code with it. Compares the replies
 * to each step, and the whole state after it.
 */
export class Run {
  readonly #client: Redis
  readonly #prefix: string
  readonly #redis: RedisStorage
  readonly #memory = new MemoryStorage()
  readonly #executions: Execution[] = []
  /** By the execution ids of both storages. */
  readonly #names = new Map<string, string>()
  /** When the latest job of each id was made. */
  readonly #createdMs = new Map<string, number>()
  /** Ids whose job has expired since the last maintenance. */
  readonly #expired = new Set<string>()
  #clockMs = 1_790_000_000_000
  #revisions = 0
  /** When the latest attempt ended, an hour ago. Jobs that end when there is no limit are sorted by it later. */
  #endedAtMs = Date.now() - HOUR_MS

  constructor(client: Redis, prefix: string) {
    this.#client = client
    this.#prefix = prefix
    this.#redis = new RedisStorage({ connection: client, prefix })
  }

  /** Ends the connection of its readers of messages. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#redis.close()
  }

  /** @throws the difference, at the first step that has one. */
  async check(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#step(step)
      await this.#compareStates(`after ${JSON.stringify(step)}`)
    }
    await this.#both('results', (storage) => Promise.all(IDS.map((id) => this.#resultsOf(storage, id))))
    await this.#both('explanations', (storage) => Promise.all(IDS.map((id) => explanationOf(storage, id))))
    const violations = await findViolations(this.#client, this.#prefix)
    expect(violations.filter((text) => !this.#isForMaintenance(text))).toEqual([])
    // Maintenance mends the rest: after it, no job waits in vain.
    await this.#step({ kind: 'cleanUp' })
    await this.#compareStates('after maintenance')
    expect(await findViolations(this.#client, this.#prefix)).toEqual([])
  }

  /** Whether maintenance, and nothing before it, mends this. */
  #isForMaintenance(violation: string): boolean {
    // A job that was canceled while it ran ends without releasing its dependents, as in RQ.
    if (violation.includes('is deferred, but all it waits for is over')) return true
    // The set of its dependents expires with a job. Another job of its id does not know them.
    const [, dependency = ''] = /is deferred for (\w+), which does not list it/.exec(violation) ?? []
    return this.#expired.has(dependency)
  }

  async #step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'enqueue': {
        const made = step.jobs.map((facts) => this.#newJob(facts))
        return this.#both(step.kind, ({ queues }) => queues.enqueue(made))
      }
      case 'begin':
        return this.#begin(this.#newJob(step.job))
      case 'claim':
        return this.#claim(step)
      case 'settle':
        return this.#settle(step)
      case 'heartbeat':
        return this.#ofExecution(step.which, ({ workers }, lease) => {
          return workers.heartbeat({ worker: WORKER, state: 'busy', leases: [lease], leaseMs: 60_000 })
        })
      case 'give back':
        return this.#ofExecution(step.which, ({ workers }, lease) => workers.giveBack([lease]))
      case 'set aside':
        return this.#ofExecution(step.which, ({ workers }, lease, { rateLimit }) =>
          workers.setAside({ lease, workerName: WORKER.name, rateLimit: rateLimit?.key, reason: 'refused' }),
        )
      case 'crash':
        return this.#crash(step.queue)
      case 'cancel': {
        const { enqueueDependents, id: jobId, removeFromDependencies } = step
        const request = { jobId, enqueueDependents, removeFromDependencies }
        return this.#both(step.kind, ({ jobs }) => jobs.cancel(request))
      }
      case 'delete': {
        const request = { jobId: step.id, deleteDependents: step.deleteDependents }
        return this.#both(step.kind, ({ jobs }) => jobs.delete(request))
      }
      case 'requeue':
        return this.#both(step.kind, ({ jobs }) => jobs.requeue(step.id, step.atFront))
      case 'promote':
        return this.#both(step.kind, ({ schedules }) => schedules.promote(step.id, step.atFront))
      case 'reschedule':
        return this.#both(step.kind, ({ schedules }) => schedules.reschedule(step.id, FAR_MS + 1))
      case 'empty':
        return this.#both(step.kind, ({ queues }) => queues.empty(step.queue))
      case 'pause':
        return this.#both(step.kind, ({ queues }) => queues.pause(step.queue))
      case 'resume':
        return this.#both(step.kind, ({ queues }) => queues.resume(step.queue))
      case 'configure':
        return this.#configure(step)
      case 'expire':
        return this.#expire(step.id)
      case 'schedule':
        return this.#schedule(step)
      case 'tick':
        return this.#tick(step)
      case 'run schedule':
        this.#createdMs.set(step.id, ++this.#clockMs)
        return this.#both(step.kind, ({ recurring }) => recurring.run(step.name, step.id))
      case 'unschedule':
        return this.#both(step.kind, ({ recurring }) => recurring.remove(step.name))
      case 'cleanUp':
        this.#expired.clear()
        return this.#both(step.kind, ({ workers }) => workers.cleanUp(QUEUES))
      case 'send':
        return this.#send(step.which)
      case 'post':
        return this.#both(step.kind, ({ jobs }) => jobs.addMessages(step.id, { from: 'outside', payloads: ['post'] }))
      case 'read messages':
        return this.#both(step.kind, (storage) => messagesOf(storage, step))
    }
  }

  async #both(what: string, run: (storage: Storage) => Promise<unknown>): Promise<void> {
    const answer = await run(this.#redis)
    expect(answer, what).toEqual(await run(this.#memory))
  }

  async #begin(job: NewJob): Promise<void> {
    const inRedis = await this.#redis.queues.begin(job, 'sync', 60_000)
    const inMemory = await this.#memory.queues.begin(job, 'sync', 60_000)
    expect(inRedis.placement).toEqual(inMemory.placement)
    if (inRedis.placement !== 'started' || inMemory.placement !== 'started') return
    const { id } = job.record
    this.#start(await claimedIn(this.#redis, id, inRedis), await claimedIn(this.#memory, id, inMemory), false)
  }

  async #claim({ isPrefetch, queues, want }: Step & { kind: 'claim' }): Promise<void> {
    const request = claimRequest({ queues, want, isPrefetch, leaseMs: 60_000 })
    const { jobs } = await this.#redis.workers.claim(request)
    this.#startAll(jobs, (await this.#memory.workers.claim(request)).jobs, false)
  }

  async #settle({ outcome, thenClaims, which }: Step & { kind: 'settle' }): Promise<void> {
    const execution = this.#pick(which)
    if (execution === undefined) return
    const request = thenClaims ? claimRequest({ queues: QUEUES, want: 2, leaseMs: 60_000 }) : undefined
    const endedAtMs = ++this.#endedAtMs
    const times = { startedAtMs: endedAtMs, endedAtMs }
    const settleIn = (storage: Storage, claimed: Claimed) => {
      const { executionId, hint, job } = claimed
      const settlement = settle(job, executionId, outcomeOf(outcome, execution.abandoned, job, times), {
        ...RETURNS,
        hint,
      })
      return storage.workers.settle('worker', [settlement], request)
    }
    const inRedis = await settleIn(this.#redis, execution.inRedis)
    const inMemory = await settleIn(this.#memory, execution.inMemory)
    expect(inRedis.answers).toEqual(inMemory.answers)
    this.#startAll(inRedis.claimed.jobs, inMemory.claimed.jobs, false)
  }

  async #send(which: number): Promise<void> {
    const execution = this.#pick(which)
    if (execution === undefined) return
    const payloads = ['sent', execution.name]
    const send = ({ jobs }: Storage, { executionId, job }: Claimed) =>
      jobs.addMessages(job.id, { from: 'job', executionId, attempt: 1, payloads })
    const inRedis = await send(this.#redis, execution.inRedis)
    expect(inRedis).toBe(await send(this.#memory, execution.inMemory))
  }

  /** Set limits, of which the worker learns by its next heartbeat. */
  async #configure({ keepFailed, keepFinished, queue }: Step & { kind: 'configure' }): Promise<void> {
    await this.#both('configure', ({ queues }) => queues.configure(queue, { keepFailed, keepFinished }))
    await this.#both('heartbeat', ({ workers }) =>
      workers.heartbeat({ worker: WORKER, state: 'busy', leases: [], leaseMs: 60_000 }),
    )
  }

  /** Do the same with an execution's lease in both. */
  async #ofExecution(
    which: number,
    run: (storage: Storage, lease: Lease, job: JobRecord) => Promise<unknown>,
  ): Promise<void> {
    const execution = this.#pick(which)
    if (execution === undefined) return
    const leaseOf = ({ executionId, job }: Claimed) => ({ queue: job.origin, jobId: job.id, executionId })
    const inRedis = await run(this.#redis, leaseOf(execution.inRedis), execution.inRedis.job)
    const inMemory = await run(this.#memory, leaseOf(execution.inMemory), execution.inMemory.job)
    expect(this.#withNames(inRedis)).toEqual(this.#withNames(inMemory))
  }

  /** Its first tick, or the one after the last that it has made, is due. */
  async #schedule({ job, name, times }: Step & { kind: 'schedule' }): Promise<void> {
    const { atFront = false, record: template } = newJob(...jobOf(job, ++this.#clockMs))
    const rule: ScheduleRule = { everyS: TICK_MS / 1000, catchUp: 'all', overlap: 'allow', ...(times && { times }) }
    const revision = `r${++this.#revisions}`
    await this.#both('schedule', async ({ recurring }) => {
      const { schedule: known } = await recurring.read(name)
      const { anchorMs, count, latestMs } = known ?? { anchorMs: 0, count: 0, latestMs: undefined }
      const nextMs = (latestMs ?? anchorMs) + TICK_MS
      const facts = {
        name,
        revision,
        rule,
        queue: job.queue,
        digest: revision,
        funcName: 'jobs.work',
        template,
        atFront,
      }
      const position = { anchorMs, count, nextMs, ...(latestMs !== undefined && { latestMs }) }
      return recurring.write({ ...facts, ...position, createdAtMs: 1000, changedAtMs: 2000 }, known)
    })
  }

  async #tick({ id, name, unlessRunning }: Step & { kind: 'tick' }): Promise<void> {
    if (id !== undefined) this.#createdMs.set(id, ++this.#clockMs)
    await this.#both('tick', async ({ recurring }) => {
      const { schedule } = await recurring.read(name)
      const { nextMs, revision = 'r0', rule } = schedule ?? {}
      const tickMs = nextMs ?? TICK_MS
      const job = id === undefined ? {} : { job: { id, tickMs, unlessRunning } }
      const times = rule?.times === undefined ? {} : { times: rule.times }
      return recurring.tick({ name, revision, nextMs: tickMs, ...job, ...times, thenMs: tickMs + TICK_MS })
    })
  }

  /** All leases of a queue end, and another worker takes the jobs over. */
  async #crash(name: string): Promise<void> {
    const key = `${this.#prefix}wip:${name}`
    const ended = (await this.#client.zrange(key, 0, '-1')).flatMap((member) => ['0', member])
    if (ended.length > 0) await this.#client.zadd(key, ...ended)
    // Redis sorts leases that end at once by their names.
    const leases = [...this.#memory.data.leases(name).values()].sort((a, b) => (a.jobId < b.jobId ? -1 : 1))
    for (const [index, lease] of leases.entries()) lease.endsMs = index
    const recover = async ({ workers }: Storage) => {
      // The state is compared, and with it the order of those that go back to the queue; those taken over have none.
      const taken = await rescue(workers, { queue: name, leaseMs: 60_000, most: 100 })
      return [...taken].sort((a, b) => (a.job.id < b.job.id ? -1 : 1))
    }
    this.#startAll(await recover(this.#redis), await recover(this.#memory), true)
  }

  /** The time of a job that waits, and may expire, is over. */
  async #expire(id: string): Promise<void> {
    const { jobs } = this.#memory.data
    const { rateLimit, status = 'created' } = this.#memory.data.record(id) ?? {}
    // Maintenance frees the slot of a queued job, and waits before it drops the entry of a scheduled one.
    const isWaiting = status === 'rate_limited' || (status === 'queued' && rateLimit === undefined)
    if (!isWaiting || jobs.endsMs(id) === Number.POSITIVE_INFINITY) return
    this.#expired.add(id)
    jobs.expire(id, 0)
    expect(jobs.has(id)).toBe(false)
    const keys = [`job:${id}`, `job:${id}:dependents`, `job::${id}:dependencies`]
    await this.#client.del(keys.map((key) => this.#prefix + key))
    const note = await this.#client.hget(`${this.#prefix}expiring`, id)
    const [, ...place] = JSON.parse(note ?? '[]') as unknown[]
    await this.#client.hset(`${this.#prefix}expiring`, id, JSON.stringify([1, ...place]))
  }

  #startAll(inRedis: readonly Claimed[], inMemory: readonly Claimed[], abandoned: boolean): void {
    expect(inRedis.map(({ job }) => job.id)).toEqual(inMemory.map(({ job }) => job.id))
    for (const [index, claimed] of inRedis.entries()) {
      const other = inMemory[index]
      if (other !== undefined) this.#start(claimed, other, abandoned)
    }
  }

  #start(inRedis: Claimed, inMemory: Claimed, abandoned: boolean): void {
    const name = `execution ${this.#names.size / 2 + 1}`
    this.#names.set(inRedis.executionId, name).set(inMemory.executionId, name)
    this.#executions.unshift({ name, inRedis, inMemory, abandoned })
    expect(this.#factsOf(inRedis.job)).toEqual(this.#factsOf(inMemory.job))
  }

  #pick(index: number): Execution | undefined {
    return this.#executions[index % Math.max(this.#executions.length, 1)]
  }

  async #compareStates(when: string): Promise<void> {
    const inRedis = stateOfRedis(await snapshotRedis(this.#client, this.#prefix), this.#nameOf)
    expect(inRedis, when).toEqual(stateOfMemory(this.#memory.data, this.#nameOf))
    await this.#both(when, async ({ jobs }) => (await jobs.fetch(IDS)).map((record) => this.#factsOf(record)))
    await this.#both(when, (storage) => Promise.all(SCHEDULES.map((name) => scheduleIn(storage, name))))
    await this.#both(when, (storage) => Promise.all(QUEUES.map((name) => brokenIn(storage, name))))
  }

  /** One that was set aside has another id. */
  readonly #nameOf = (executionId: string): string => {
    const [id = '', ...ended] = executionId.split('-ended')
    return [this.#names.get(id) ?? id, ...ended].join(' has ended')
  }

  /** A reply with the names of executions in the place of their ids. */
  #withNames(reply: unknown): unknown {
    const text = JSON.stringify(reply, (key, value) => (key === 'executionId' ? this.#nameOf(value) : value))
    return text === undefined ? undefined : JSON.parse(text)
  }

  #factsOf(record: JobRecord | undefined): unknown {
    return factsOf(record, this.#nameOf)
  }

  async #resultsOf({ jobs }: Storage, id: string): Promise<unknown> {
    const results = await jobs.results(id)
    return results.map(({ createdAtMs: _, executionId = '', returnValue, ...facts }) => {
      return { ...facts, execution: this.#nameOf(executionId), value: returnValue && String(returnValue) }
    })
  }

  #newJob(facts: JobFacts): NewJob {
    const knownMs = facts.again ? this.#createdMs.get(facts.id) : undefined
    const createdAtMs = knownMs ?? ++this.#clockMs
    const hasNewId = !facts.again && !this.#createdMs.has(facts.id)
    this.#createdMs.set(facts.id, createdAtMs)
    return newJob(...jobOf(facts, createdAtMs, hasNewId))
  }
}

/** The messages of a job, as far as the two storages can have the same. */
async function messagesOf({ jobs }: Storage, { after, from, id }: Step & { kind: 'read messages' }): Promise<unknown> {
  const { messages, ...page } = await jobs.readMessages(id, { from, after, timeoutMs: 0 })
  return { ...page, messages: messages.map(({ attempt, number, payload }) => [number, attempt, String(payload)]) }
}

async function claimedIn({ jobs }: Storage, id: string, { executionId }: { executionId: string }): Promise<Claimed> {
  const [job] = await jobs.fetch([id])
  if (job === undefined) throw new Error(`There is no job ${id}.`)
  return { executionId, job }
}

/** A schedule, when it is due, and the jobs that it has enqueued. */
async function scheduleIn({ recurring }: Storage, name: string): Promise<unknown> {
  const { schedule } = await recurring.read(name)
  const { template: _, ...facts } = schedule ?? {}
  const due = schedule && (await recurring.due(schedule.queue, SCHEDULES.length)).due.some((one) => one.name === name)
  return { facts, due, history: await recurring.history(name, 0, -1) }
}

/** The jobs of a queue whose ends the store refused, and why. */
async function brokenIn({ queues }: Storage, name: string): Promise<unknown> {
  const jobs = await queues.brokenJobs(name, IDS.length)
  return jobs.map(({ id, refusal }) => ({ id, refusal })).sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** What bears on whether a job will run, as far as the state does not show it. */
async function explanationOf({ jobs }: Storage, id: string): Promise<unknown> {
  const facts = await jobs.explain(id)
  if (facts === undefined) return undefined
  const { dependencies, dueMs, position, releasing, slotHolders, waitingBefore } = facts
  return {
    dependencies,
    isScheduled: dueMs !== undefined,
    position,
    releasing,
    slotHolders: [...slotHolders].sort(),
    waitingBefore,
  }
}
