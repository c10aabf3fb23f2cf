import type { RedisSnapshot, SnapshotKey } from '../redis-snapshot.ts'
import { DOCUMENTED_KEYS } from './documented-keys.ts'

type Fields = ReadonlyMap<string, string>

/** A snapshot, with its keys by kind. */
export class State {
  readonly nowS: number
  readonly prefix: string
  /** One line for each key that is not documented, or has another type than documented. */
  readonly strangers: readonly string[]
  readonly #byKind = new Map<string, Map<string, SnapshotKey>>()

  constructor({ keys, nowS }: RedisSnapshot, prefix: string, allow: readonly RegExp[]) {
    this.nowS = nowS
    this.prefix = prefix
    const strangers: string[] = []
    for (const [key, value] of keys) {
      if (allow.some((pattern) => pattern.test(key))) continue
      const fits = DOCUMENTED_KEYS.filter(([, , pattern]) => pattern.test(key))
      const [name, , pattern] = fits.find(([, type]) => type === value.type) ?? []
      if (name === undefined || pattern === undefined) {
        strangers.push(`key ${key} (${value.type}) is not documented`)
        continue
      }
      const named = this.#byKind.get(name) ?? new Map<string, SnapshotKey>()
      this.#byKind.set(name, named.set(pattern.exec(key)?.[1] ?? '', value))
    }
    this.strangers = strangers
  }

  all(kind: string): ReadonlyMap<string, SnapshotKey> {
    return this.#byKind.get(kind) ?? new Map()
  }

  /** Members of a list, set or sorted set; none when the key does not exist. */
  members(kind: string, name = ''): string[] {
    const key = this.all(kind).get(name)
    if (key?.type === 'zset') return [...key.value.keys()]
    return key?.type === 'list' || key?.type === 'set' ? [...key.value] : []
  }

  score(kind: string, name: string, member: string): number {
    const key = this.all(kind).get(name)
    return (key?.type === 'zset' ? key.value.get(member) : undefined) ?? Number.NaN
  }

  fields(kind: string, name: string): Fields | undefined {
    const key = this.all(kind).get(name)
    return key?.type === 'hash' ? key.value : undefined
  }

  job(id: string): Fields | undefined {
    return this.fields('job', id)
  }

  status(id: string): string | undefined {
    const job = this.job(id)
    return job && (job.get('status') ?? 'created')
  }

  /** Whether the store refused the end of this run of a job, which is listed as broken and nowhere else. */
  isSetAside(id: string): boolean {
    const job = this.job(id)
    const queue = job?.get('origin') ?? ''
    const [execution] = this.fields('refused', queue)?.get(id)?.split('\n') ?? []
    return (
      execution !== undefined && execution === job?.get('execution_id') && this.members('broken', queue).includes(id)
    )
  }
}
