import { RqError } from '@rq/core'
import type { Storage } from '@rq/job'
import type { FromHorse, StorageSource, ToHorse } from './protocol.ts'

/** What a job may reach of the worker's storage; the rest is for other sides of it. */
const PORTS: ReadonlySet<PropertyKey> = new Set(['jobs', 'queues', 'admin'])

/**
 * The storage that a job sees in its horse: each call goes to the worker over the channel, and is made there, so the
 * horse needs no connection of its own. Only the client for callbacks is its own: its module is imported by
 * {@link prepareClient}, and it connects when it is used.
 */
export class WorkerStorage {
  readonly storage: Storage
  readonly #tell: (message: FromHorse) => void
  readonly #source: StorageSource | undefined
  readonly #calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  #count = 0
  #own: Promise<void> | undefined
  #client: () => unknown = () => undefined

  constructor(tell: (message: FromHorse) => void, source: StorageSource | undefined) {
    this.#tell = tell
    this.#source = source
    const ports = new Map([...PORTS].map((port) => [port, this.#port(String(port))]))
    const own = {
      /** Undefined when the worker was given no storage for its horses. */
      client: () => this.#client(),
      close: async () => {},
    }
    this.storage = new Proxy(own as unknown as Storage, {
      get(target, name) {
        if (ports.has(name)) return ports.get(name)
        if (name in target || typeof name === 'symbol' || name === 'then') return Reflect.get(target, name)
        throw new RqError(
          'RQ_INVALID_OPERATION',
          `A job cannot reach ${name} through its worker; it needs a connection of its own.`,
        )
      },
    })
  }

  /** Load the module that makes the client. Never rejects: what went wrong is thrown by `client()`. */
  prepareClient(): Promise<void> {
    this.#own ??= this.#load()
    return this.#own
  }

  answer({ call, value, error }: Extract<ToHorse, { type: 'reply' }>): void {
    const waiting = this.#calls.get(call)
    this.#calls.delete(call)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new RqError(error.code, error.message, { retryable: error.retryable }))
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
      const sent = args.map((arg) => (arg instanceof AbortSignal ? null : arg))
      this.#tell({ type: 'call', call, port, method, args: sent })
    })
  }
}
