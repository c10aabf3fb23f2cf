import type { Clock } from '@rq/core'

interface Entry<V> {
  readonly value: V
  /** Epoch milliseconds; Infinity = never. */
  endsMs: number
}

/** A map with string keys whose entries may expire. No method returns an expired entry. */
export class ExpiringMap<V> {
  readonly #clock: Clock
  readonly #onExpired: (key: string) => void
  readonly #entries = new Map<string, Entry<V>>()

  /** `onExpired` is called when an expired entry is found and dropped. */
  constructor(clock: Clock, onExpired: (key: string) => void = () => {}) {
    this.#clock = clock
    this.#onExpired = onExpired
  }

  get(key: string): V | undefined {
    return this.#living(key)?.value
  }

  has(key: string): boolean {
    return this.#living(key) !== undefined
  }

  /** Store a value for `lifeMs` milliseconds. Default: it does not expire. */
  set(key: string, value: V, lifeMs = Number.POSITIVE_INFINITY): void {
    this.#entries.set(key, { value, endsMs: this.#clock.nowMs() + lifeMs })
  }

  /** Returns whether it was there. */
  delete(key: string): boolean {
    return this.#living(key) !== undefined && this.#entries.delete(key)
  }

  /** Let an entry expire `lifeMs` milliseconds from now; Infinity = never. */
  expire(key: string, lifeMs: number): void {
    const entry = this.#living(key)
    if (entry !== undefined) entry.endsMs = this.#clock.nowMs() + lifeMs
  }

  /** When an entry expires, epoch milliseconds; Infinity = never; undefined when there is none. */
  endsMs(key: string): number | undefined {
    return this.#living(key)?.endsMs
  }

  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.has(key))
  }

  values(): V[] {
    return [...this.#entries.keys()].flatMap((key) => this.#living(key)?.value ?? [])
  }

  #living(key: string): Entry<V> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.endsMs > this.#clock.nowMs()) return entry
    this.#entries.delete(key)
    this.#onExpired(key)
    return undefined
  }
}
