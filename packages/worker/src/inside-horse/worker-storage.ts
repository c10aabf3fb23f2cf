import { RqError } from '@rq/core'
import type { Storage } from '@rq/job'
import { bytesOf, CallWindow } from './call-window.ts'
import {
  type CallKind,
  type FromHorse,
  kindOfCall,
  MOST_CALL_BYTES,
  MOST_CALLS,
  type StorageSource,
  type ToHorse,
} from './protocol.ts'
import { makeStorage } from './storage-source.ts'

interface CallUnderWay {
  resolve(value: unknown): void
  reject(error: Error): void
  readonly window: CallWindow
  readonly bytes: number
}

/** The ports of the worker's storage that a job may use. */
const PORTS: ReadonlySet<PropertyKey> = new Set(['jobs', 'queues', 'admin'])

/**
 * The storage of a job in its horse. The worker makes each call, over the channel, so the horse needs no connection.
 * Only the client for callbacks is the horse's own: {@link prepareClient} imports its module, and it connects when it
 * is used.
 */
export class WorkerStorage {
  readonly storage: Storage
  readonly #send: (message: FromHorse) => void
  readonly #source: StorageSource | undefined
  readonly #calls = new Map<number, CallUnderWay>()
  /** Of their own for each kind: what ends a wait may be another call. */
  readonly #windows: Readonly<Record<CallKind, CallWindow>> = {
    wait: new CallWindow(MOST_CALLS.wait, MOST_CALL_BYTES),
    read: new CallWindow(MOST_CALLS.read, MOST_CALL_BYTES),
    other: new CallWindow(MOST_CALLS.other, MOST_CALL_BYTES),
  }
  #count = 0
  #own: Promise<void> | undefined
  #client: () => unknown = () => undefined

  constructor(send: (message: FromHorse) => void, source: StorageSource | undefined) {
    this.#send = send
    this.#source = source
    const ports = new Map([...PORTS].map((port) => [port, this.#port(String(port))]))
    const own = {
      /** Undefined when the worker has no `horseStorage`. */
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

  /** Load the module that makes the client. Never rejects: `client()` throws the error. */
  prepareClient(): Promise<void> {
    this.#own ??= this.#load()
    return this.#own
  }

  answer({ call, value, error }: Extract<ToHorse, { type: 'reply' }>): void {
    const waiting = this.#calls.get(call)
    if (waiting === undefined) return
    this.#calls.delete(call)
    waiting.window.leave(waiting.bytes)
    if (error === undefined) waiting.resolve(value)
    else waiting.reject(new RqError(error.code, error.message, { retryable: error.retryable }))
  }

  async #load(): Promise<void> {
    const source = this.#source
    if (source === undefined) return
    try {
      const storage: Partial<Storage> | undefined = await makeStorage(source)
      if (typeof storage?.client !== 'function') throw new TypeError('What the module returned has no client().')
      this.#client = storage.client.bind(storage)
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
    // A signal cannot be sent. A call that waits in vain ends with the job's time limit.
    const sent = args.map((arg) => (arg instanceof AbortSignal ? null : arg))
    return new Promise((resolve, reject) => {
      const window = this.#windows[kindOfCall(method)]
      const bytes = bytesOf(sent)
      window.enter(bytes, () => {
        const call = ++this.#count
        this.#calls.set(call, { resolve, reject, window, bytes })
        this.#begin({ type: 'call', call, port, method, args: sent })
      })
    })
  }

  /** What cannot be sent fails by itself, and leaves room for the next one. */
  #begin(call: Extract<FromHorse, { type: 'call' }>): void {
    try {
      this.#send(call)
    } catch (error) {
      const { message } = error as Error
      this.answer({ type: 'reply', call: call.call, error: { code: 'RQ_SERIALIZATION', message, retryable: false } })
    }
  }
}
