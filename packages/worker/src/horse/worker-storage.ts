import { RqError } from '@rq/core'
import type { AdminStore, GroupStore, JobStore, QueueStore, Storage, WorkerStore } from '@rq/job'
import type { FromHorse, StorageSource, ToHorse } from './protocol.ts'

/** What a horse may ask of the worker's storage: everything but other people's pipelines and the worker's own side. */
const PORTS = ['jobs', 'queues', 'admin'] as const

/**
 * The storage that a job sees in its horse: each call goes to the worker over the channel, and is made there, so the
 * horse needs no connection of its own. Only the client for callbacks is its own: its module is imported by
 * {@link prepareClient}, and it connects when it is used.
 */
export class WorkerStorage implements Storage {
  readonly queues: QueueStore
  readonly jobs: JobStore
  readonly admin: AdminStore
  readonly #tell: (message: FromHorse) => void
  readonly #source: StorageSource | undefined
  readonly #calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #count = 0
  #own: Promise<void> | undefined
  #client: () => unknown = () => undefined

  constructor(tell: (message: FromHorse) => void, source: StorageSource | undefined) {
    this.#tell = tell
    this.#source = source
    const [jobs, queues, admin] = PORTS.map((port) => this.#port(port))
    this.jobs = jobs as JobStore
    this.queues = queues as QueueStore
    this.admin = admin as AdminStore
  }

  get workers(): WorkerStore {
    throw new RqError('RQ_INVALID_OPERATION', 'A job has no access to the side of its storage that is for workers.')
  }

  get groups(): GroupStore {
    throw new RqError('RQ_INVALID_OPERATION', 'A job reaches groups through a connection of its own.')
  }

  /** Undefined when the worker was given no storage for its horses. */
  client(): unknown {
    return this.#client()
  }

  async close(): Promise<void> {}

  /** Load the module that makes the client. Never rejects: what went wrong is thrown by `client()`. */
  prepareClient(): Promise<void> {
    this.#own ??= this.#load()
    return this.#own
  }

  answer(reply: Extract<ToHorse, { type: 'reply' }>): void {
    const call = this.#calls.get(reply.call)
    this.#calls.delete(reply.call)
    if (reply.error === undefined) call?.resolve(reply.value)
    else call?.reject(new RqError(reply.error.code, reply.error.message, { retryable: reply.error.retryable }))
  }

  async #load(): Promise<void> {
    const source = this.#source
    if (source === undefined) return
    try {
      const module = await import(source.module)
      const storage: Storage = await module[source.export](source.options)
      this.#client = () => storage.client()
    } catch (cause) {
      this.#client = () => {
        throw new RqError('RQ_CONFIG', 'The storage for horses could not be loaded.', { cause })
      }
    }
  }

  #port(port: string): object {
    return new Proxy(
      {},
      {
        get: (_, method) =>
          typeof method === 'string' ? (...args: unknown[]) => this.#call(port, method, args) : undefined,
      },
    )
  }

  #call(port: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const call = ++this.#count
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject })
      // A signal cannot travel; who waits in vain is cut off at the job's limit.
      this.#tell({
        type: 'call',
        call,
        port,
        method,
        args: args.map((arg) => (arg instanceof AbortSignal ? null : arg)),
      })
    })
  }
}
