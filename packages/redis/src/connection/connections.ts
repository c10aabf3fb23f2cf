import { RqError } from '@rq/core'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { addressOf, clientOptions, type Role, refuseClient, roleOptions } from './client-options.ts'
import { ConnectionErrors } from './connection-errors.ts'
import { urlFromEnvironment } from './connection-url.ts'
import { checkDatabase, failOnRefusedDatabase } from './database.ts'
import { failAfterConnectTimeout, failAfterLostConnections } from './pending-commands.ts'
import { redisError } from './redis-error.ts'
import { type Client, runScript, type Script, type ScriptArgument } from './script.ts'

/**
 * A URL, ioredis options, or a client that stays the caller's. Default: `RQ_REDIS_URL`, `REDIS_URL`, then localhost.
 */
export type Connection = string | RedisOptions | Redis | Cluster

/** How often a subscriber is pinged: it sends nothing by itself, so nothing else would find its connection dead. */
const PING_MS = 10_000

/** The clients behind one storage: opened at first use, one for each role, closed together. */
export class Connections {
  /** The server's address without secrets. */
  readonly where: string
  readonly #given: Client | undefined
  readonly #options: RedisOptions
  readonly #mainRole: 'producer' | 'worker'
  readonly #opened = new Set<Client>()
  readonly #errors = new ConnectionErrors()
  #main: Client | undefined
  /** The socket of a given client that is known to be in the right database. */
  #checkedSocket: unknown
  #pending = 0
  #lent = false
  #closed = false

  constructor(connection: Connection | undefined, mainRole: 'producer' | 'worker') {
    this.#mainRole = mainRole
    if (connection instanceof Redis || connection instanceof Cluster) {
      refuseClient(connection)
      this.#given = connection
      this.#options = {}
      this.where = connection instanceof Redis ? addressOf(connection.options) : 'the cluster given'
      return
    }
    this.#options = clientOptions(connection ?? urlFromEnvironment())
    this.where = addressOf(this.#options)
  }

  /** The client for commands that do not block. @throws RqError `RQ_CLOSED`. */
  main(): Client {
    if (this.#closed) throw closedError()
    this.#main ??= this.#given ?? this.open(this.#mainRole)
    return this.#main
  }

  /** The main client, for a user's own commands. From now on it keeps the process alive until it is closed. */
  lend(): Client {
    const client = this.main()
    this.#lent = true
    if (client instanceof Redis) client.stream?.ref()
    return client
  }

  /** Open another client, for a role. @throws RqError `RQ_CLOSED`. */
  open(role: Role): Client {
    if (this.#closed) throw closedError()
    let client: Client
    const settings = { ...roleOptions(role), reconnectOnError: reconnectOnceIfReadOnly(() => socketOf(client)) }
    if (this.#given instanceof Cluster) client = this.#given.duplicate()
    else if (this.#given !== undefined) client = this.#given.duplicate(settings)
    else client = new Redis({ ...this.#options, ...settings, replyMapping: 'legacy' })
    // Without a listener ioredis prints the error. Commands that fail because of it report it.
    client.on('error', (error: Error) => this.#errors.add(client, error))
    client.on('ready', () => {
      this.#errors.clear(client)
      if (client !== this.#main || this.#pending === 0) this.#keepAlive(client, false)
    })
    if (client instanceof Redis) {
      failOnRefusedDatabase(client, this.where)
      failAfterLostConnections(client, role !== 'producer', () => this.#errors.of(client))
      if (role === 'producer') failAfterConnectTimeout(client)
    }
    if (role === 'subscriber') pingRegularly(client)
    this.#opened.add(client)
    return client
  }

  /** Close one client that `open` returned. */
  drop(client: Client): void {
    if (this.#opened.delete(client)) client.disconnect()
  }

  /** Run a script on the main client. @throws RqError as {@link redisError} says. */
  run<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Keys,
    args: Args,
  ): Promise<Reply> {
    return this.call((client) => runScript(client, script, keys, args))
  }

  /**
   * Like {@link run}. Also returns whether the connection broke meanwhile: then the client has sent the same call
   * again, and the script may have run twice. Always false on a Cluster, whose client does not show it.
   */
  async runNotingResend<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Keys,
    args: Args,
  ): Promise<{ reply: Reply; resent: boolean }> {
    const before = socketOf(this.main())
    const reply = await this.run(script, keys, args)
    // If there was no connection at the start, the call was first sent when there was one.
    return { reply, resent: before !== undefined && socketOf(this.main()) !== before }
  }

  /** Send commands on the main client. @throws RqError as {@link redisError} says. */
  async call<T>(command: (client: Client) => Promise<T>): Promise<T> {
    const client = this.main()
    this.#pending += 1
    if (this.#pending === 1) this.#keepAlive(client, true)
    try {
      if (client === this.#given && this.#isUnchecked(client)) await this.#check(client)
      return await command(client)
    } catch (error) {
      throw redisError(error, this.where, this.#errors.of(client))
    } finally {
      this.#pending -= 1
      if (this.#pending === 0) this.#keepAlive(client, false)
    }
  }

  /** Whether a given client may be in another database than its options say. */
  #isUnchecked(client: Client): client is Redis {
    if (!(client instanceof Redis) || !client.options.db) return false
    return this.#checkedSocket === undefined || this.#checkedSocket !== socketOf(client)
  }

  /** Check the database of a given client, once for each connection of it. */
  async #check(client: Redis): Promise<void> {
    await checkDatabase(client, this.where)
    this.#checkedSocket = socketOf(client)
  }

  /** Whether an open connection keeps the process alive. A producer's does only while it waits for a reply. */
  #keepAlive(client: Client, isAlive: boolean): void {
    if (this.#mainRole !== 'producer' || client === this.#given || !(client instanceof Redis)) return
    if (this.#lent && client === this.#main) return
    if (isAlive) client.stream?.ref()
    else client.stream?.unref()
  }

  /** Close all connections; the next use opens new ones. */
  disconnect(): void {
    for (const client of this.#opened) client.disconnect()
    this.#opened.clear()
    this.#main = undefined
  }

  /** Close all connections and open no new ones: calls that are under way fail. */
  close(): void {
    this.#closed = true
    this.disconnect()
  }

  /** Allow connections again after {@link close}. */
  reopen(): void {
    this.#closed = false
  }
}

function closedError(): RqError {
  return new RqError('RQ_CLOSED', 'This connection is closed; nothing was sent.')
}

/** The socket that a client uses now; undefined while it is not connected. */
function socketOf(client: Client): unknown {
  return client instanceof Redis && client.status === 'ready' ? client.stream : undefined
}

/**
 * Whether to reconnect because of an error. After a failover the old master is a replica and refuses writes, and the
 * address leads to the new master. The first call on a connection that sees READONLY reconnects; callers retry.
 */
function reconnectOnceIfReadOnly(socket: () => unknown): (error: Error) => boolean {
  let abandoned: unknown
  return ({ message }) => {
    if (!message.startsWith('READONLY') || abandoned === socket()) return false
    abandoned = socket()
    return true
  }
}

function pingRegularly(client: Client): void {
  if (!(client instanceof Redis)) return
  const timer = setInterval(() => {
    if (client.status === 'ready') client.ping().catch(() => {})
  }, PING_MS).unref()
  client.once('end', () => clearInterval(timer))
}
