import { checkKnownName, checkName, checkOptionNames, oneLine, RqError, randomHex } from '@rq/core'
import { checkedContextOf, type JobContext, type StorageOptions } from '../context.ts'
import type { EnqueueData, JobsOf } from '../enqueue/enqueue-data.ts'
import type { EnqueueManyOptions } from '../enqueue/enqueue-many.ts'
import type { SignOptions } from '../payload/signature.ts'
import { Queue } from '../queue/queue.ts'
import type { QueueOptions } from '../queue/queue-options.ts'
import { fetchRecords } from './fetch-records.ts'
import { handlesOf, type Job } from './job.ts'

export interface CreateGroupOptions extends StorageOptions {
  /** Default: a random name. */
  readonly name?: string
  /** Sign the jobs that are enqueued into a queue given by name. Default: not signed. */
  readonly sign?: SignOptions
}

/**
 * Jobs under a common name. A group exists from its first job until its last one is deleted or has expired. It needs no
 * set-up and no clean-up.
 */
export class Group {
  readonly name: string
  readonly #context: JobContext
  readonly #sign: SignOptions | undefined

  /** Of any name: others may have named the group. */
  constructor(name: string, context: JobContext, sign?: SignOptions) {
    this.name = name
    this.#context = context
    this.#sign = sign
  }

  /** Make a group to put jobs into. Writes nothing. If a group of that name has jobs, the new jobs join it. */
  static create(options: CreateGroupOptions = {}): Group {
    const context = checkedContextOf(options, 'Group.create', { name: true, sign: true })
    return new Group(checkName(options.name ?? randomHex(), 'group name'), context, options.sign)
  }

  /** Fetch a group by its name. @throws RqError `RQ_NO_SUCH_GROUP` when it has no jobs. */
  static async fetch(name: string, options: StorageOptions = {}): Promise<Group> {
    const group = new Group(checkKnownName(name, 'group name'), checkedContextOf(options, 'Group.fetch'))
    const ids = await group.getJobIds()
    if (ids.length > 0) return group
    throw new RqError(
      'RQ_NO_SUCH_GROUP',
      `There is no group "${oneLine(group.name)}": it has no jobs, or they were deleted.`,
      {
        details: { group: group.name },
      },
    )
  }

  /** Every group that has jobs, in no order. */
  static async all(options: StorageOptions = {}): Promise<Group[]> {
    const context = checkedContextOf(options, 'Group.all')
    const names = await context.storage.groups.names()
    return names.map((name) => new Group(name, context))
  }

  /**
   * Like `queue.enqueueMany`; the jobs belong to this group. A queue given by name has the storage, serializer, codec
   * and `sign` of the group, and default options. A job that was there already does not join the group.
   * @throws as `queue.enqueueMany`; RqError `RQ_INVALID_OPTION` if the group has a name that rq would not give it.
   */
  async enqueueMany<const D extends readonly EnqueueData[]>(
    queue: string | Queue,
    datas: D,
    options: Omit<EnqueueManyOptions, 'groupId'> = {},
  ): Promise<JobsOf<D>> {
    checkOptionNames(options, { pipeline: true, onDuplicate: true }, 'group.enqueueMany')
    const sign = this.#sign && { sign: this.#sign }
    const target = typeof queue === 'string' ? new Queue(queue, { ...optionsOf(this.#context), ...sign }) : queue
    return target.enqueueMany(datas, { ...options, groupId: this.name })
  }

  /** Ids of its jobs, in no order. Jobs that no longer exist are removed from the group. */
  getJobIds(): Promise<string[]> {
    return this.#context.storage.groups.jobIds(this.name)
  }

  /** Its jobs, in no order. */
  async getJobs(): Promise<Job[]> {
    const records = await fetchRecords(await this.getJobIds(), this.#context)
    return handlesOf(records, this.#context)
  }

  toString(): string {
    return `<Group ${this.name}>`
  }
}

function optionsOf({ codec, limits, serializer, storage }: JobContext): QueueOptions {
  return { storage, serializer, codec, ...(limits && { limits: limits.limits, logger: limits.logger }) }
}
