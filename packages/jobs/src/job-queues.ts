import type { AnyFunction } from '@rq/job'
import type { DefaultOptions, Queue } from '@rq/queue'
import type { JobSet, OpenJobs } from './job-set.ts'

/** The options of a queue that belong to a job, not to the program. */
export interface QueueSettings {
  readonly defaults?: DefaultOptions
  readonly functions?: Readonly<Record<string, AnyFunction>>
}

export type MakeQueue<O extends object> = (name: string, options: O & QueueSettings) => Queue

/** The queues that jobs of one module are enqueued to. Each is made at its first enqueue; all are closed together. */
export class JobQueues {
  readonly #makeQueue: (name: string, settings: QueueSettings) => Queue
  readonly #defaults: DefaultOptions | undefined
  /** The jobs that run in this process. */
  readonly #local: JobSet | undefined
  readonly #queues = new Map<string, Queue>()
  #opening: Promise<OpenJobs> | undefined

  /**
   * @param options - of every queue.
   * @param set - the jobs, which run in this process with `isAsync: false`; undefined where only their types are known.
   */
  constructor(makeQueue: MakeQueue<object>, options: object, set: JobSet | undefined) {
    const { defaults, isAsync } = options as { defaults?: DefaultOptions; isAsync?: unknown }
    this.#makeQueue = (name, settings) => makeQueue(name, { ...options, ...settings })
    this.#defaults = defaults
    this.#local = isAsync === false ? set : undefined
  }

  /** The queue for one job, whose options are the defaults of the queue. */
  queueFor(job: string, queue: string, options: DefaultOptions | undefined): Queue {
    const known = this.#queues.get(job)
    if (known !== undefined) return known
    const local = this.#local
    const made = this.#makeQueue(queue, {
      ...((this.#defaults ?? options) && { defaults: { ...this.#defaults, ...options } }),
      ...(local && { functions: this.#functions(local) }),
    })
    this.#queues.set(job, made)
    return made
  }

  /** Wait for pending enqueues, close the queues, and tear down what jobs of this process have used. */
  async close(): Promise<void> {
    const queues = [...this.#queues.values()]
    this.#queues.clear()
    await Promise.all(queues.map((queue) => queue.close()))
    const opening = this.#opening
    this.#opening = undefined
    const open = await opening?.catch(() => undefined)
    await open?.close?.()
  }

  /** They call `setup` before the first job. If it fails, the next job calls it again. */
  #functions(local: JobSet): Readonly<Record<string, AnyFunction>> {
    const open = (): Promise<OpenJobs> => {
      const opening = this.#opening ?? local.open()
      this.#opening = opening
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined
      })
      return opening
    }
    const call =
      (name: string) =>
      async (...args: readonly unknown[]) =>
        (await open()).functions[name]?.(...args)
    return Object.fromEntries(Object.keys(local.definitions).map((name) => [name, call(name)]))
  }
}
