import { type ModelJob, type ModelOutcome, type NewModelJob, POISONED, RETURNED_RETRIES } from './model-job.ts'

/**
 * The rules of jobs in plain memory, one event after the other: what a storage engine must come to, whatever it is made
 * of. Each public method is one step and returns what the engine is to answer.
 */
export class Model {
  readonly jobs = new Map<string, ModelJob>()
  readonly lists = new Map<string, string[]>()
  readonly dependents = new Map<string, Set<string>>()
  readonly holders = new Map<string, Set<string>>()
  readonly waiting = new Map<string, string[]>()
  readonly groups = new Map<string, Set<string>>()
  readonly concurrency = new Map<string, number>()
  /** `job:execution` of each lease. */
  readonly leases = new Set<string>()
  /** Order of deferral. */
  #turn = 0
  readonly #deferredAt = new Map<string, number>()

  enqueue(job: NewModelJob): string {
    const known = this.jobs.get(job.id)
    if (known !== undefined && job.unique) return 'duplicate'
    if (job.dependencies.some((id) => this.#waitsFor(id, job.id)) && (this.dependents.get(job.id)?.size ?? 0) > 0) {
      return 'cycle'
    }
    if (known !== undefined) this.#replace(known)
    const dependencies = new Set(job.dependencies)
    const made: ModelJob = {
      id: job.id,
      queue: job.queue,
      status: 'queued',
      atFront: job.atFront || job.dependencyFront,
      dependencies: new Set(),
      namedDependencies: job.dependencies,
      allowFailure: job.allowFailure,
      limit: job.limit,
      concurrency: job.concurrency,
      group: job.group,
      retriesLeft: job.retries,
      retryDelayed: job.retryDelayed,
      repeatsLeft: job.repeats,
      repeatDelayed: job.repeatDelayed,
      numberOfRetries: 0,
      resultTtlS: job.resultTtlS,
      abandonedCount: 0,
      execution: undefined,
      expires: false,
    }
    const isUnmet = [...dependencies].some((id) => !this.#satisfied(id, job.allowFailure))
    this.jobs.set(job.id, made)
    if (isUnmet || (job.due && dependencies.size > 0)) this.#waitFor(made, dependencies)
    if (job.due) made.status = 'scheduled'
    else if (isUnmet) this.#defer(made)
    else {
      this.#place(made, made.atFront)
      // Where a plain job went is forgotten; the others remember it until they are queued.
      if (job.limit === undefined) made.atFront = job.dependencyFront
    }
    if (job.group !== undefined) setOf(this.groups, job.group).add(job.id)
    return made.status
  }

  /** The jobs that a claim hands out. The caller then tells their executions by {@link start}. */
  claim(queues: readonly string[], want: number): string[] {
    const claimed: string[] = []
    for (const queue of queues) {
      const list = listOf(this.lists, queue)
      claimed.push(...list.splice(0, want - claimed.length))
    }
    for (const id of claimed) this.#job(id).status = 'started'
    return claimed
  }

  start(id: string, execution: string): void {
    const job = this.#job(id)
    job.execution = execution
    this.leases.add(`${id}:${execution}`)
    this.leaseQueues.set(`${id}:${execution}`, job.queue)
  }

  /** `to`: where the settlement wants the job. One that has been applied already says so again, and changes nothing. */
  settle(id: string, execution: string, outcome: ModelOutcome, to: string): 'applied' | 'lost' | 'gone' {
    this.leases.delete(`${id}:${execution}`)
    const job = this.jobs.get(id)
    if (job === undefined) return 'gone'
    if (job.execution !== execution) return 'lost'
    if (job.status !== 'started' && job.status !== 'canceled') return job.status === to ? 'applied' : 'lost'
    const wasCanceled = job.status === 'canceled'
    switch (outcome) {
      case 'returned':
        if (job.repeatsLeft === 0) this.#end(job, 'finished', wasCanceled ? undefined : () => true)
        else {
          job.repeatsLeft -= 1
          job.abandonedCount = 0
          if (job.repeatDelayed) this.#releaseSlot(job)
          if (!wasCanceled) this.#release(job.id, () => true)
          this.#again(job, job.repeatDelayed, job.atFront, true)
        }
        break
      case 'stopped':
        this.#end(job, 'stopped')
        break
      case 'retry':
        if (job.numberOfRetries >= RETURNED_RETRIES) this.#fail(job, wasCanceled)
        else {
          job.numberOfRetries += 1
          this.#again(job, job.retryDelayed, false)
        }
        break
      case 'abandoned':
      case 'raised': {
        const isPoisoned = outcome === 'abandoned' && job.abandonedCount >= POISONED
        if (job.retriesLeft === 0 || isPoisoned) this.#fail(job, wasCanceled)
        else {
          job.retriesLeft -= 1
          this.#again(job, job.retryDelayed, false)
        }
      }
    }
    return 'applied'
  }

  giveBack(id: string, execution: string): void {
    this.leases.delete(`${id}:${execution}`)
    const job = this.jobs.get(id)
    if (job?.execution !== execution || job.status !== 'started') return
    job.status = 'queued'
    job.execution = undefined
    listOf(this.lists, job.queue).unshift(id)
  }

  /** The jobs of a queue that are taken over when all its leases have ended. */
  recover(queue: string): string[] {
    const abandoned = [...this.leases].filter((lease) => this.#queueOfLease(lease) === queue)
    const taken: string[] = []
    for (const lease of abandoned) {
      this.leases.delete(lease)
      const [id = '', execution] = lease.split(':')
      const job = this.jobs.get(id)
      if (job?.execution !== execution || job?.status !== 'started') continue
      job.abandonedCount += 1
      taken.push(id)
    }
    return taken
  }

  cancel(id: string, enqueueDependents: boolean, removeFromDependencies: boolean): string {
    const job = this.jobs.get(id)
    if (job === undefined) return 'missing'
    if (job.status === 'canceled') return 'refused'
    this.#leave(job)
    job.status = 'canceled'
    job.expires = false
    if (removeFromDependencies) this.#forgetIn(job)
    this.#releaseSlot(job)
    if (enqueueDependents) {
      const dependents = [...(this.dependents.get(id) ?? [])]
      for (const child of dependents) this.jobs.get(child)?.dependencies.delete(id)
      this.#release(id, () => true)
      this.dependents.delete(id)
    }
    return 'done'
  }

  delete(id: string, deleteDependents: boolean): string {
    const job = this.jobs.get(id)
    if (job === undefined) return 'missing'
    if (deleteDependents) {
      for (const child of [...(this.dependents.get(id) ?? [])]) {
        this.dependents.get(id)?.delete(child)
        const dependent = this.jobs.get(child)
        if (dependent !== undefined) this.#remove(dependent)
      }
    }
    this.#remove(job)
    return 'done'
  }

  requeue(id: string, atFront: boolean): string {
    const job = this.jobs.get(id)
    if (job === undefined) return 'missing'
    if (job.status !== 'failed' && job.status !== 'stopped') return 'refused'
    job.execution = undefined
    job.abandonedCount = 0
    job.expires = false
    this.#place(job, atFront)
    return 'done'
  }

  promote(id: string, atFront: boolean): string {
    const job = this.jobs.get(id)
    if (job === undefined) return 'missing'
    if (job.status !== 'scheduled') return 'refused'
    const isFirstRun = job.execution === undefined && job.namedDependencies.length > 0 && !this.#hasRun.has(job)
    if (isFirstRun && !this.#isMet(job, undefined)) this.#defer(job)
    else this.#place(job, atFront || job.atFront)
    return 'done'
  }

  empty(queue: string): number {
    const ids = listOf(this.lists, queue).splice(0)
    for (const id of ids) {
      const job = this.#job(id)
      this.#erase(job)
      this.#releaseSlot(job)
    }
    return ids.length
  }

  // --- what steps are made of

  readonly #hasRun = new WeakSet<ModelJob>()

  #job(id: string): ModelJob {
    const job = this.jobs.get(id)
    if (job === undefined) throw new Error(`the model has no job ${id}`)
    return job
  }

  #satisfied(id: string, allowFailure: boolean): boolean {
    const status = this.jobs.get(id)?.status
    return status === undefined || status === 'finished' || (allowFailure && status === 'failed')
  }

  #isMet(job: ModelJob, except: string | undefined): boolean {
    return [...job.dependencies].every((id) => id === except || this.#satisfied(id, job.allowFailure))
  }

  /** Whether a job waits, over however many others, for `target`. */
  #waitsFor(id: string, target: string, seen = new Set<string>()): boolean {
    if (id === target) return true
    if (seen.has(id)) return false
    seen.add(id)
    const job = this.jobs.get(id)
    if (job?.status !== 'deferred' && job?.status !== 'scheduled') return false
    return [...job.dependencies].some((next) => this.#waitsFor(next, target, seen))
  }

  #waitFor(job: ModelJob, dependencies: ReadonlySet<string>): void {
    job.dependencies = new Set(dependencies)
    for (const id of dependencies) setOf(this.dependents, id).add(job.id)
  }

  #defer(job: ModelJob): void {
    job.status = 'deferred'
    this.#deferredAt.set(job.id, ++this.#turn)
  }

  #push(job: ModelJob, front: boolean): void {
    job.status = 'queued'
    const list = listOf(this.lists, job.queue)
    if (front) list.unshift(job.id)
    else list.push(job.id)
  }

  /** Into its queue, or among those that wait for a slot. */
  #place(job: ModelJob, front: boolean): void {
    if (job.limit === undefined || setOf(this.holders, job.limit).has(job.id)) {
      this.#push(job, front)
      return
    }
    this.concurrency.set(job.limit, job.concurrency)
    job.status = 'rate_limited'
    job.atFront = front
    listOf(this.waiting, job.limit).push(job.id)
    this.#fill(job.limit, job.concurrency)
  }

  #fill(limit: string, concurrency: number): void {
    const holders = setOf(this.holders, limit)
    while (holders.size < concurrency) {
      const id = listOf(this.waiting, limit).shift()
      if (id === undefined) return
      holders.add(id)
      this.#push(this.#job(id), this.#job(id).atFront)
    }
  }

  #releaseSlot(job: ModelJob): void {
    if (job.limit === undefined) return
    removeFrom(listOf(this.waiting, job.limit), job.id)
    if (!setOf(this.holders, job.limit).delete(job.id)) return
    this.#fill(job.limit, this.concurrency.get(job.limit) ?? 0)
  }

  /** Out of the place that its status says. */
  #leave(job: ModelJob): void {
    if (job.status === 'queued') removeFrom(listOf(this.lists, job.queue), job.id)
    if (job.status === 'started') this.leases.delete(`${job.id}:${job.execution}`)
  }

  #forgetIn(job: ModelJob): void {
    for (const id of job.dependencies) this.dependents.get(id)?.delete(job.id)
  }

  #leaveGroup(job: ModelJob): void {
    if (job.group !== undefined) this.groups.get(job.group)?.delete(job.id)
  }

  #replace(job: ModelJob): void {
    this.#leave(job)
    this.#forgetIn(job)
    this.#leaveGroup(job)
    this.jobs.delete(job.id)
    this.#releaseSlot(job)
  }

  #remove(job: ModelJob): void {
    this.#leave(job)
    this.#forgetIn(job)
    this.#erase(job)
    this.#releaseSlot(job)
  }

  #erase(job: ModelJob): void {
    this.jobs.delete(job.id)
    this.#leaveGroup(job)
  }

  /** Let dependents go on that wait for nothing else; those that do not wait any more are forgotten. */
  #release(id: string, mayGo: (child: ModelJob) => boolean): void {
    const ready: ModelJob[] = []
    for (const childId of [...(this.dependents.get(id) ?? [])]) {
      const child = this.jobs.get(childId)
      const waits = child?.status === 'deferred' || child?.status === 'scheduled'
      if (child === undefined || !waits) this.dependents.get(id)?.delete(childId)
      else if (child.status === 'deferred' && mayGo(child) && this.#isMet(child, id)) {
        this.dependents.get(id)?.delete(childId)
        ready.push(child)
      }
    }
    const since = (job: ModelJob) => this.#deferredAt.get(job.id) ?? 0
    for (const child of ready.sort((a, b) => since(a) - since(b))) this.#place(child, child.atFront)
  }

  #fail(job: ModelJob, wasCanceled: boolean): void {
    this.#end(job, 'failed', wasCanceled ? undefined : (child) => child.allowFailure)
  }

  #end(job: ModelJob, status: 'finished' | 'failed' | 'stopped', release?: (child: ModelJob) => boolean): void {
    job.status = status
    job.expires = status !== 'finished' || job.resultTtlS > 0
    this.#releaseSlot(job)
    if (release !== undefined) this.#release(job.id, release)
    if (status === 'finished' && job.resultTtlS === 0) this.#erase(job)
  }

  #again(job: ModelJob, delayed: boolean, front: boolean, takesTurn = false): void {
    job.execution = undefined
    if (job.status === 'canceled') {
      this.#releaseSlot(job)
      return
    }
    this.#hasRun.add(job)
    if (delayed) {
      job.status = 'scheduled'
      this.#releaseSlot(job)
    } else if (takesTurn && job.limit !== undefined) {
      setOf(this.holders, job.limit).delete(job.id)
      this.#place(job, front)
    } else this.#push(job, front)
  }

  #queueOfLease(lease: string): string | undefined {
    return this.leaseQueues.get(lease)
  }

  /** The queue of each lease ever given: a lease stays where it was, whatever becomes of the job. */
  readonly leaseQueues = new Map<string, string>()
}

function setOf(map: Map<string, Set<string>>, key: string): Set<string> {
  const found = map.get(key) ?? new Set()
  map.set(key, found)
  return found
}

function listOf(map: Map<string, string[]>, key: string): string[] {
  const found = map.get(key) ?? []
  map.set(key, found)
  return found
}

function removeFrom(list: string[], id: string): void {
  const at = list.indexOf(id)
  if (at !== -1) list.splice(at, 1)
}
