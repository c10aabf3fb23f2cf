import { RqError } from '@rq/core'
import { Redis } from 'ioredis'
import { type Role, roleOptions } from './client-options.ts'
import { isCluster, isSingle } from './client-shape.ts'
import { ConnectionErrors } from './connection-errors.ts'
import type { ConnectionSource } from './connection-source.ts'
import { checkDatabase, databaseMoved, databaseOf, failOnRefusedDatabase } from './database.ts'
import { failAfterConnectTimeout, failAfterLostConnections } from './pending-commands.ts'
import { checkReadyQuietly } from './ready-check.ts'
import { redisError } from './redis-error.ts'
import type { Client } from './script.ts'
import { breakSilentConnections } from './silence.ts'
import { StreamWatch } from './stream-watch.ts'
import { Subscriptions } from './subscriptions.ts'

/** How often a subscriber is pinged: it sends nothing by itself, so nothing else would find its connection dead. */
const PING_MS = 10_000
/** So many bytes that wait to be sent hold up what comes behind them. */
const LARGE_BACKLOG = 1024 * 1024

/**
 * The clients for one address: the main one, one that listens, one that watches streams, and those that a worker opens.
 * Each is opened at its first use; all are closed together. Storages of producers share one object of this class for
 * each address.
 */
export class Clients {
  readonly subscriptions: Subscriptions
  /** Those over a connection whose id is known. */
  readonly identified: Subscriptions
  readonly streams = new StreamWatch(this)
  readonly #source: ConnectionSource
  readonly #mainRole: 'producer' | 'worker'
  readonly #opened = new Set<Client>()
  readonly #errors = new ConnectionErrors()
  #main: Client | undefined
  #beside: Client | undefined
  /** The database of a given client at its first use. */
  #database: number | undefined
  /** The socket of a given client that is known to be in the right database. */
  #checkedSocket: unknown
  #pending = 0
  #borrowers = 0
  #closed = false

  /** @param hasOneListener - whether one connection listens to all channels, and its id is known. */
  constructor(source: ConnectionSource, mainRole: 'producer' | 'worker', hasOneListener = false) {
    this.#source = source
    this.#mainRole = mainRole
    this.identified = new Subscriptions(this, true)
    this.subscriptions = hasOneListener ? this.identified : new Subscriptions(this)
  }

  /** The client for commands that do not block. @throws RqError `RQ_CLOSED`. */
  main(): Client {
    this.#main ??= this.#source.given ?? this.open(this.#mainRole)
    return this.#main
  }

  /** The main client, if it is ours: a command may change what its connection does. Else another one of its role. */
  openOwn(): Client {
    return this.#source.given === undefined ? this.main() : this.open(this.#mainRole)
  }

  /** The main client; while megabytes wait on it, another one of its role, so that a call does not wait for them. */
  prompt(): Client {
    const client = this.main()
    if (!isSingle(client) || !client.stream || client.stream.writableLength < LARGE_BACKLOG) return client
    this.#beside ??= this.open(this.#mainRole)
    return this.#beside
  }

  /** The main client, for a user's own commands. It keeps the process alive until it is handed in or closed. */
  lend(): Client {
    const client = this.main()
    this.#borrowers += 1
    if (isSingle(client)) client.stream?.ref()
    return client
  }

  /** One of those who borrowed the main client has no use for it any more. */
  handIn(): void {
    this.#borrowers -= 1
    if (this.#main !== undefined && this.#pending === 0) this.#keepAlive(this.#main, false)
  }

  /** Open another client, for a role. @throws RqError `RQ_CLOSED`. */
  open(role: Role): Client {
    if (this.#closed) throw closedError()
    const { given, options, where } = this.#source
    let client: Client
    const settings = { ...roleOptions(role), reconnectOnError: reconnectOnceIfReadOnly(() => socketOf(client)) }
    if (given !== undefined && isCluster(given)) client = given.duplicate()
    else if (given !== undefined) client = given.duplicate({ ...settings, db: this.#databaseOf(given) })
    else client = new Redis({ ...options, ...settings, replyMapping: 'legacy' })
    // Without a listener ioredis prints the error. Commands that fail because of it report it.
    client.on('error', (error: Error) => this.#errors.add(client, error))
    client.on('ready', () => {
      this.#errors.clear(client)
      if (client !== this.#main || this.#pending === 0) this.#keepAlive(client, false)
    })
    client.on('reconnecting', () => {
      if (client !== this.#main || this.#pending === 0) this.#keepAlive(client, false)
    })
    if (isSingle(client)) {
      checkReadyQuietly(client)
      failOnRefusedDatabase(client, where)
      failAfterLostConnections(client, role === 'producer' ? role : 'worker', () => this.#errors.of(client))
      // A blocking read gets no reply for as long as it may block. Its caller has a timeout of its own.
      if (role !== 'blocking') breakSilentConnections(client)
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

  /** Send commands, by default on the main client. @throws RqError as {@link redisError} says. */
  async call<T>(command: (client: Client) => Promise<T>, client = this.main()): Promise<T> {
    this.#pending += 1
    if (this.#pending === 1) this.#keepAlive(client, true)
    try {
      if (client === this.#source.given && this.#isUnchecked(client)) await this.#check(client)
      return await command(client)
    } catch (error) {
      throw this.failure(error, client)
    } finally {
      this.#pending -= 1
      if (this.#pending === 0) this.#keepAlive(client, false)
    }
  }

  /** Why a command on a client failed, as {@link redisError} says. */
  failure(error: unknown, client: Client): RqError {
    return redisError(error, this.#source.where, this.#errors.of(client))
  }

  /** Close all connections and open no new ones: calls that are under way fail. */
  close(): void {
    this.#closed = true
    this.streams.close()
    for (const client of this.#opened) client.disconnect()
    this.#opened.clear()
  }

  /** The database of a given client, which must not change. @throws RqError `RQ_CONFIG` if it has. */
  #databaseOf(given: Redis): number {
    const database = databaseOf(given)
    this.#database ??= database
    if (database !== this.#database) throw databaseMoved(this.#database, database, this.#source.where)
    return database
  }

  /** Whether a given client may be in another database than it should be. @throws as {@link #databaseOf}. */
  #isUnchecked(client: Client): client is Redis {
    if (!isSingle(client) || this.#databaseOf(client) === 0) return false
    return this.#checkedSocket === undefined || this.#checkedSocket !== socketOf(client)
  }

  /** Check the database of a given client, once for each connection of it. */
  async #check(client: Redis): Promise<void> {
    await checkDatabase(client, this.#source.where)
    this.#checkedSocket = socketOf(client)
  }

  /**
   * Whether a connection, or the wait for the next one, keeps the process alive. That of a producer does only while a
   * call waits for its reply.
   */
  #keepAlive(client: Client, isAlive: boolean): void {
    if (this.#mainRole !== 'producer' || client === this.#source.given || !isSingle(client)) return
    if (this.#borrowers > 0 && client === this.#main) return
    for (const handle of [client.stream, reconnectTimer(client)]) {
      if (isAlive) handle?.ref()
      else handle?.unref()
    }
  }
}

/** The error of a call on what is closed. */
export function closedError(): RqError {
  return new RqError('RQ_CLOSED', 'This connection is closed; the call was not sent.')
}

/** The socket that a client uses now; undefined while it is not connected, and for a Cluster. */
export function socketOf(client: Client): unknown {
  return isSingle(client) && client.status === 'ready' ? client.stream : undefined
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

/** What ioredis waits for before it connects again. It has no public name. */
function reconnectTimer(client: Redis): NodeJS.Timeout | null | undefined {
  return Reflect.get(client, 'reconnectTimeout') as NodeJS.Timeout | null | undefined
}

function pingRegularly(client: Client): void {
  if (!isSingle(client)) return
  const timer = setInterval(() => {
    if (client.status === 'ready') client.ping().catch(() => {})
  }, PING_MS).unref()
  client.once('end', () => clearInterval(timer))
}
