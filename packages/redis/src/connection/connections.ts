import type { Redis } from 'ioredis'
import type { Role } from './client-options.ts'
import { isCluster, isSingle } from './client-shape.ts'
import { Clients, closedError, socketOf } from './clients.ts'
import { type Connection, type ConnectionSource, connectionSource } from './connection-source.ts'
import { type Client, runScript, type Script, type ScriptArgument } from './script.ts'
import { giveBackClients, takeClients } from './shared-clients.ts'
import type { StreamWatch } from './stream-watch.ts'
import type { IdentifiedSubscription, Subscription } from './subscriptions.ts'

/** A client of ours for commands that change what its connection does. */
export interface OwnClient {
  readonly client: Redis
  /** Close it, unless it has other uses. */
  end(): void
}

/**
 * The connections of one storage. A worker's are its own. A producer shares its connections with the other producers of
 * this process that have the same address: they stay open until the last of them is closed.
 */
export class Connections {
  /** The server's address without secrets. */
  readonly where: string
  /** Whether any program on the network may use the server, as far as the options show. */
  readonly isUnprotected: boolean
  /** Whether a client of a Cluster was given. */
  readonly isCluster: boolean
  readonly #source: ConnectionSource
  readonly #mainRole: 'producer' | 'worker'
  readonly #subscriptions = new Set<Subscription>()
  #clients: Clients | undefined
  #hasOneListener = false
  #lent = false
  #closed = false

  /** Connects to nothing. @throws RqError `RQ_CONFIG`, `RQ_INVALID_OPTION`. */
  constructor(connection: Connection | undefined, mainRole: 'producer' | 'worker') {
    this.#source = connectionSource(connection)
    this.#mainRole = mainRole
    this.where = this.#source.where
    this.isUnprotected = this.#source.isUnprotected
    this.isCluster = this.#source.given !== undefined && isCluster(this.#source.given)
  }

  /** The main client, for a user's own commands. From now on it keeps the process alive until this is closed. */
  lend(): Client {
    const clients = this.#used()
    if (this.#lent) return clients.main()
    this.#lent = true
    return clients.lend()
  }

  /** Open another client, for a role. @throws RqError `RQ_CLOSED`. */
  open(role: Role): Client {
    return this.#used().open(role)
  }

  /** Close one client that `open` returned. */
  drop(client: Client): void {
    this.#clients?.drop(client)
  }

  /** Listen to a channel, until `end` of the subscription or until this is closed. As `Subscriptions.add`. */
  subscribe(channel: string, listener: (message: Buffer) => void, onResumed?: () => void): Subscription {
    return this.#endingAtClose(this.#used().subscriptions.add(channel, listener, onResumed))
  }

  /** As {@link subscribe}, over a connection whose id is known. */
  subscribeIdentified(
    channel: string,
    listener: (message: Buffer) => void,
    onResumed: () => void,
  ): IdentifiedSubscription {
    return this.#endingAtClose(this.#used().identified.add(channel, listener, onResumed))
  }

  /** Listen to all channels over one connection whose id is known. Before the first subscription. */
  shareListener(): void {
    this.#hasOneListener = true
  }

  /** A client of ours for commands that change what its connection does. @throws Error for a Cluster. */
  openOwn(): OwnClient {
    const clients = this.#used()
    const client = clients.openOwn()
    const end = () => {
      if (client !== clients.main()) clients.drop(client)
    }
    if (isSingle(client)) return { client, end }
    end()
    throw new Error('A Cluster does that per node.')
  }

  /** Watches streams for new entries. @throws RqError `RQ_CLOSED`. */
  get streams(): StreamWatch {
    return this.#used().streams
  }

  /** Run a script on the main client. @throws RqError as `redisError` says. */
  run<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Keys,
    args: Args,
  ): Promise<Reply> {
    return this.call((client) => runScript(client, script, keys, args))
  }

  /** Like {@link run}, over another connection while the main one still sends megabytes. */
  async runPromptly<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Keys,
    args: Args,
  ): Promise<Reply> {
    const clients = this.#used()
    return clients.call((client) => runScript(client, script, keys, args), clients.prompt())
  }

  /**
   * Like {@link run}, by default on the main client. Also returns whether the connection broke meanwhile: then the
   * client has sent the same call again, and the script may have run twice. Always false on a Cluster, whose client
   * does not show it.
   */
  async runNotingResend<Keys extends readonly string[], Args extends readonly ScriptArgument[], Reply>(
    script: Script<Keys, Args, Reply>,
    keys: Keys,
    args: Args,
    given?: Client,
  ): Promise<{ reply: Reply; resent: boolean }> {
    const clients = this.#used()
    const client = given ?? clients.main()
    const before = socketOf(client)
    const reply = await clients.call(() => runScript(client, script, keys, args), client)
    // If there was no connection at the start, the call was first sent when there was one.
    return { reply, resent: before !== undefined && socketOf(client) !== before }
  }

  /** Send commands on the main client. @throws RqError as `redisError` says; `RQ_CLOSED`. */
  call<T>(command: (client: Client) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError())
    return this.#used().call(command)
  }

  /** Close the connections that no other storage uses; the next use opens new ones. */
  disconnect(): void {
    for (const { end } of this.#subscriptions) end()
    const clients = this.#clients
    if (clients === undefined) return
    this.#clients = undefined
    if (this.#lent) clients.handIn()
    this.#lent = false
    if (this.#mainRole === 'producer') giveBackClients(this.#source, clients)
    else clients.close()
  }

  /** Like {@link disconnect}, and open no new ones. Calls that are under way fail if their connection is closed. */
  close(): void {
    this.#closed = true
    this.disconnect()
  }

  /** Allow connections again after {@link close}. */
  reopen(): void {
    this.#closed = false
  }

  #endingAtClose<S extends Subscription>(subscription: S): S {
    const ending = {
      ...subscription,
      end: () => {
        if (this.#subscriptions.delete(ending)) subscription.end()
      },
    }
    this.#subscriptions.add(ending)
    return ending
  }

  #used(): Clients {
    if (this.#closed) throw closedError()
    this.#clients ??=
      this.#mainRole === 'producer'
        ? takeClients(this.#source)
        : new Clients(this.#source, this.#mainRole, this.#hasOneListener)
    return this.#clients
  }
}
