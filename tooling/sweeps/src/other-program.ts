import { RedisStorage } from '@rq/redis'
import type { Redis } from 'ioredis'
import { OlderCopies } from './older-copies.ts'
import type { Place } from './outcome.ts'
import { enqueueAgain, type Scenario } from './scenario.ts'

/**
 * What another program does to the jobs in the middle of a worker's life.
 * - `save`: RQ's `Job.save()` of older copies: as the jobs were enqueued, or as they were before the latest command.
 * - `cancel`, `delete`: one job.
 * - `replace`: enqueues another job under its id.
 */
export type Deed =
  | { readonly kind: 'save'; readonly copies: 'enqueued' | 'latest' }
  | { readonly kind: 'cancel' | 'delete' | 'replace'; readonly jobId: string }

/** A program that has the jobs of a scenario, and does one deed. */
export class OtherProgram {
  readonly #deed: Deed
  readonly #place: Place
  readonly #scenario: Scenario
  readonly #queues: readonly string[]
  readonly #copies: OlderCopies
  readonly #url: string

  constructor(
    deed: Deed,
    life: { client: Redis; url: string; place: Place; scenario: Scenario; queues: readonly string[] },
  ) {
    this.#deed = deed
    this.#place = life.place
    this.#scenario = life.scenario
    this.#queues = life.queues
    this.#copies = new OlderCopies(life.client, life.place, life.scenario, life.queues)
    this.#url = life.url
  }

  /** When the jobs have been enqueued. */
  async begin(): Promise<void> {
    if (this.#deed.kind === 'save') await this.#copies.take()
  }

  /** What it does before each command of the worker; undefined = nothing. */
  get watch(): (() => Promise<void>) | undefined {
    const { kind } = this.#deed
    return kind === 'save' && this.#deed.copies === 'latest' ? () => this.#copies.take() : undefined
  }

  /** Returns the scenario with the ends that its jobs may have now. */
  async act(): Promise<Scenario> {
    const deed = this.#deed
    if (deed.kind === 'save') {
      await this.#copies.save()
      return this.#scenario
    }
    const { jobId, kind } = deed
    await using storage = new RedisStorage({ connection: this.#url, prefix: this.#place.prefix })
    const request = { jobId, enqueueDependents: false, removeFromDependencies: false }
    if (kind === 'cancel') await storage.jobs.cancel(request)
    else if (kind === 'delete') await storage.jobs.delete({ jobId, deleteDependents: false })
    else await enqueueAgain(this.#scenario, jobId, storage, this.#queues, this.#place.file)
    return endingAfter(this.#scenario, jobId, kind)
  }
}

/** A job that is canceled while it runs ends as its run ends. */
function endingAfter(scenario: Scenario, jobId: string, kind: 'cancel' | 'delete' | 'replace'): Scenario {
  const jobs = scenario.jobs.map((job) => {
    if (job.id !== jobId) return job
    if (kind === 'replace') return { ...job, runs: 2 * job.runs }
    const end: typeof job.end = kind === 'delete' ? 'gone' : ['canceled', 'finished', 'failed']
    return { ...job, end, mayNotRun: true }
  })
  return { ...scenario, jobs }
}
