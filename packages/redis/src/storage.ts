import { checkOptionNames, invalidOption, type OptionNames, RqError } from '@rq/core'
import type { Storage } from '@rq/job'
import type { Cluster, Redis } from 'ioredis'
import { COMMAND_CALLS } from './command-calls.ts'
import type { Connection } from './connection/connection-source.ts'
import { DEFAULT_PREFIX } from './connection/connection-url.ts'
import { Connections } from './connection/connections.ts'
import { ONE_SLOT } from './connection/reply-error.ts'
import { missingRights } from './connection/scripts.generated.ts'
import { Keys } from './keys.ts'
import { readServerFacts, type ServerFacts } from './server-facts.ts'
import { RedisAdminStore } from './stores/admin-store.ts'
import { RedisCronStore } from './stores/cron-store.ts'
import { RedisEventStore } from './stores/event-store.ts'
import { RedisGroupStore } from './stores/group-store.ts'
import { RedisJobStore } from './stores/job-store.ts'
import { RedisQueueStore } from './stores/queue-store.ts'
import { RedisScheduleStore } from './stores/schedule-store.ts'
import { RedisSchedulerStore } from './stores/scheduler-store.ts'
import { RedisWorkerStore } from './stores/worker-store.ts'

export interface RedisStorageOptions {
  /** Default: `RQ_REDIS_URL`, then `REDIS_URL`, then redis://localhost:6379. Options without a host get it too. */
  connection?: Connection
  /**
   * Prefix of every key. Default `'rq:'`, which Python RQ always uses. A Cluster needs a hash tag in it
   * (`'{billing}:'`), which keeps all keys in one slot.
   */
  prefix?: string
  /**
   * `producer` (default) fails within seconds when Redis is away, and shares its connections with all producers of this
   * process that have the same address. `worker` waits and reconnects forever, on connections of its own.
   */
  role?: 'producer' | 'worker'
}

const NAMES: OptionNames<RedisStorageOptions> = { connection: true, prefix: true, role: true }
const PREFIX = /^[A-Za-z0-9_.:{}-]{0,100}$/
/** The part of a key that alone decides on its slot in a Cluster: between the first `{` and the next `}`. */
const HASH_TAG = /^[^{]*\{[^}]+\}/

/**
 * The Redis engine. Connects at the first use. A client that is given stays the caller's and is never closed.
 * @throws RqError `RQ_INVALID_OPTION` if the prefix has other characters than letters, digits or `_.:{}-`, or more than
 * 100 of them; `RQ_CONFIG` for an invalid URL, for options or a client that rq cannot work with, and for a Cluster
 * without a hash tag in the prefix.
 */
export class RedisStorage implements Storage {
  readonly queues: RedisQueueStore
  readonly jobs: RedisJobStore
  readonly workers: RedisWorkerStore
  readonly schedules: RedisSchedulerStore
  readonly crons: RedisCronStore
  readonly recurring: RedisScheduleStore
  readonly groups: RedisGroupStore
  readonly admin: RedisAdminStore
  readonly events: RedisEventStore
  /** The server's address without secrets, for messages. */
  readonly where: string
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(options: RedisStorageOptions = {}) {
    const { prefix = DEFAULT_PREFIX, role = 'producer' } = checkOptionNames(options, NAMES, 'RedisStorage')
    if (!PREFIX.test(prefix)) throw invalidOption('prefix', prefix, 'at most 100 letters, digits or any of _ . : { } -')
    this.#connections = new Connections(options.connection, role)
    if (this.#connections.isCluster && !HASH_TAG.test(prefix)) {
      throw new RqError('RQ_CONFIG', `The connection is a Cluster, ${ONE_SLOT}`, { details: { prefix } })
    }
    this.where = this.#connections.where
    const keys = new Keys(prefix)
    this.#keys = keys
    this.queues = new RedisQueueStore(this.#connections, keys)
    this.jobs = new RedisJobStore(this.#connections, keys)
    this.workers = new RedisWorkerStore(this.#connections, keys)
    this.events = new RedisEventStore(this.#connections, keys)
    this.schedules = new RedisSchedulerStore(this.#connections, keys)
    this.crons = new RedisCronStore(this.#connections, keys)
    this.recurring = new RedisScheduleStore(this.#connections, keys)
    this.groups = new RedisGroupStore(this.#connections, keys)
    this.admin = new RedisAdminStore(this.#connections, keys)
  }

  /** The storage's own client, for a user's commands. It keeps the process alive until the storage is closed. */
  client(): Redis | Cluster {
    return this.#connections.lend()
  }

  /** What the server says of itself, its latency and its clock. Writes nothing. */
  serverFacts(): Promise<ServerFacts> {
    return readServerFacts(this.#connections)
  }

  /**
   * Which of the commands that rq sends the user may not send, and which of our channels (`&rq:notify:*`) it may not
   * use. None of the commands is sent. Undefined when the server cannot say.
   * @throws RqError `RQ_REDIS_AUTH` when the user may not run scripts on our keys.
   */
  async missingRights(): Promise<readonly string[] | undefined> {
    const { prefix, queues } = this.#keys
    const args = [prefix, this.#keys.job('x'), ...COMMAND_CALLS] as const
    return (await this.#connections.run(missingRights, [queues], [...args])) ?? undefined
  }

  /** Close its connections, but for those that other storages use. Its next use opens new ones. */
  disconnect(): void {
    this.workers.disconnect()
    this.#connections.disconnect()
  }

  /**
   * Close its connections, but for those that other storages use. Every later use fails, until {@link reopen}. Calls
   * that are under way fail if their connection is closed. Waits for results end.
   */
  async close(): Promise<void> {
    this.jobs.close()
    this.workers.disconnect()
    this.#connections.close()
  }

  /** Make a closed storage usable again. It connects at its next use. */
  reopen(): void {
    this.#connections.reopen()
    this.jobs.reopen()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
