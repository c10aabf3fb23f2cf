import { SECOND_MS } from '@rq/core'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'
import { KeyWatch } from './key-watch.ts'

/** After a failure, how long to watch nothing. */
const RETRY_MS = 10 * SECOND_MS
/** How often all queues are read in one call, in case a notice was lost. */
const LOOK_MS = 10 * SECOND_MS

/** A wait for work in some queues. */
interface Wait {
  readonly queues: readonly string[]
  readonly onWork: () => void
  readonly onRefused: () => void
}

/**
 * Notices when one of many queues may have a job, for any number of queues and waits, over the connections that a
 * worker has anyway, see {@link KeyWatch}. Nothing is taken from a list. While all queues are empty, any number of
 * waits costs Redis one call in ten seconds. A wait ends for its own queues only.
 */
export class QueueWatch {
  readonly #connections: Connections
  readonly #keys: Keys
  readonly #waits = new Set<Wait>()
  /** The queues of these waits have not been read. */
  #unread = new Set<Wait>()
  #watch: Promise<KeyWatch> | undefined
  #reading: NodeJS.Immediate | undefined
  #looking: NodeJS.Timeout | undefined
  /** When watching failed, by `performance.now()`. */
  #failedMs = Number.NEGATIVE_INFINITY

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /**
   * Call `onWork` once when a queue may have a job that workers may take, when workers are suspended, or when a
   * connection was lost. Call the returned function to end that.
   * @param onRefused called instead when Redis does not report changes: an old server, a proxy, a cluster.
   */
  watch(queues: readonly string[], onWork: () => void, onRefused: () => void): () => void {
    if (performance.now() - this.#failedMs < RETRY_MS) {
      onRefused()
      return () => {}
    }
    const wait = { queues, onWork, onRefused }
    this.#waits.add(wait)
    this.#readSoon([wait])
    return () => this.#forget(wait)
  }

  /** End current waits, and what reports changes. The next wait begins anew. */
  disconnect(): void {
    this.#endWatch()
    for (const { onWork } of this.#takeAll()) onWork()
  }

  /** Waits that begin at about the same time are read in one call. */
  #readSoon(waits: Iterable<Wait>): void {
    for (const wait of waits) this.#unread.add(wait)
    this.#reading ??= setImmediate(() => {
      this.#reading = undefined
      void this.#read()
    })
  }

  async #read(): Promise<void> {
    const waits = [...this.#unread]
    this.#unread = new Set()
    if (waits.length === 0) return
    this.#watch ??= this.#open()
    const opening = this.#watch
    try {
      const withWork = await this.#withWork(await opening, new Set(waits.flatMap(({ queues }) => queues)))
      this.#wake((wait) => wait.queues.some((queue) => withWork.has(queue)))
    } catch {
      // If it was lost meanwhile, all waits have ended.
      if (this.#watch === opening) this.#refuse()
    }
  }

  /**
   * The queues that have jobs and are not paused; all while workers are suspended. Changes of what this reads are
   * reported.
   */
  async #withWork(watch: KeyWatch, queues: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const withWork = new Set<string>()
    const { suspended } = this.#keys
    const lists = Array.from(queues, (queue) => this.#keys.queue(queue))
    if ((await watch.exist([suspended, ...lists])) === 0) return withWork
    // A claim finds that out.
    if ((await watch.exist([suspended])) > 0) return queues
    const read = async (queue: string) => {
      const [jobs, paused] = await Promise.all([
        watch.exist([this.#keys.queue(queue)]),
        watch.exist([this.#keys.paused(queue)]),
      ])
      if (jobs > 0 && paused === 0) withWork.add(queue)
    }
    await Promise.all(Array.from(queues, read))
    return withWork
  }

  async #open(): Promise<KeyWatch> {
    this.#looking = setInterval(() => this.#readSoon(this.#waits), LOOK_MS).unref()
    return KeyWatch.open({
      connections: this.#connections,
      onChange: (keys) => this.#changed(keys),
      onLost: () => this.disconnect(),
    })
  }

  #changed(keys: readonly string[] | undefined): void {
    const isChanged = (key: string) => keys === undefined || keys.includes(key)
    const concernsAll = isChanged(this.#keys.suspended)
    const concerns = (queue: string) => isChanged(this.#keys.queue(queue)) || isChanged(this.#keys.paused(queue))
    this.#wake(({ queues }) => concernsAll || queues.some(concerns))
  }

  #wake(isMeant: (wait: Wait) => boolean): void {
    for (const wait of [...this.#waits]) {
      if (!isMeant(wait)) continue
      this.#forget(wait)
      wait.onWork()
    }
  }

  #refuse(): void {
    this.#failedMs = performance.now()
    this.#endWatch()
    for (const { onRefused } of this.#takeAll()) onRefused()
  }

  #endWatch(): void {
    clearInterval(this.#looking)
    const ended = this.#watch
    this.#watch = undefined
    ended?.then((watch) => watch.end()).catch(() => {})
  }

  #takeAll(): readonly Wait[] {
    const waits = [...this.#waits]
    this.#waits.clear()
    this.#unread.clear()
    return waits
  }

  #forget(wait: Wait): void {
    this.#waits.delete(wait)
    this.#unread.delete(wait)
  }
}
