import { invalidOption, RqError } from '@rq/core'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { checkUrl, maskUrl, urlFromEnvironment } from './connection-url.ts'
import { redisError } from './redis-error.ts'
import type { Client, Script, ScriptArgument } from './script.ts'
import { runScript } from './script.ts'
import { Troubles } from './troubles.ts'
import { giveUpUnanswered, giveUpUnconnected } from './unanswered.ts'

/** A URL, ioredis options, or a client that stays the caller's. Default: `RQ_REDIS_URL`, `REDIS_URL`, then localhost. */
export type Connection = string | RedisOptions | Redis | Cluster

/**
 * What a connection is for:
 * - `producer` fails within seconds when Redis is away, so that a request never hangs;
 * - `worker` waits and reconnects for ever;
 * - `blocking` is a worker's connection that sits in blocking reads, `subscriber` one that listens.
 */
export type Role = 'producer' | 'worker' | 'blocking' | 'subscriber'

const CONNECT_TIMEOUT_MS = 5_000
const LONGEST_BACKOFF_MS = 3_000
/** A connection that owes an answer for so long is taken for dead, which leaves time to renew a lease of the default length. */
const SILENCE_MS = 7_000
/** A listener has nothing to answer for; it is asked so often whether it is still there. */
const PING_MS = 10_000

/** The clients behind one storage: opened at first use, one for each role, closed together. */
export class Connections {
  readonly where: string
  readonly #given: Client | undefined
  readonly #options: RedisOptions
  readonly #mainRole: 'producer' | 'worker'
  readonly #opened = new Set<Client>()
  readonly #troubles = new Troubles()
  #main: Client | undefined
  #pending = 0
  #lent = false
  #closed = false

  constructor(connection: Connection | undefined, mainRole: 'producer' | 'worker') {
    this.#mainRole = mainRole
    if (connection instanceof Redis || connection instanceof Cluster) {
      refuseKeyPrefix(connection.options)
      this.#given = connection
      this.#options = {}
      this.where = connection instanceof Redis ? address(connection.options) : 'the cluster given'
      return
    }
    this.#options = optionsOf(connection ?? urlFromEnvironment())
    this.where = address(this.#options)
  }

  /** The client for commands that do not block. */
  main(): Client {
    if (this.#closed) throw new RqError('RQ_CLOSED', 'This connection was closed; nothing was sent.')
    this.#main ??= this.#given ?? this.open(this.#mainRole)
    return this.#main
  }

  /** The main client for somebody else's commands. From now on it keeps the process alive until it is closed. */
  lend(): Client {
    const client = this.main()
    this.#lent = true
    if (client instanceof Redis) client.stream?.ref()
    return client
  }

  /** A client of its own for a role. */
  open(role: Role): Client {
    if (this.#closed) throw new RqError('RQ_CLOSED', 'This connection was closed; nothing was sent.')
    let client: Client
    const settings = { ...roleOptions(role), reconnectOnError: givingUpDemoted(() => socketOf(client)) }
    if (this.#given instanceof Cluster) client = this.#given.duplicate()
    else if (this.#given !== undefined) client = this.#given.duplicate(settings)
    else client = new Redis({ ...this.#options, ...settings, replyMapping: 'legacy' })
    // Without a listener ioredis prints; every command that fails says so itself.
    client.on('error', (error: Error) => this.#troubles.note(client, error))
    client.on('ready', () => {
      this.#troubles.forget(client)
      if (client !== this.#main || this.#pending === 0) this.#hold(client, false)
    })
    if (client instanceof Redis) {
      giveUpUnanswered(client, role !== 'producer', () => this.#troubles.of(client))
      if (role === 'producer') giveUpUnconnected(client)
    }
    if (role === 'subscriber') askWhetherThere(client)
    this.#opened.add(client)
    return client
  }

  /** Close one client that `open` gave. */
  drop(client: Client): void {
    if (this.#opened.delete(client)) client.disconnect()
  }

  /** Run a script on the main client. @throws RqError as {@link redisError} says. */
  run<Keys extends readonly string[], Args extends readonly ScriptArgument[]>(
    script: Script<Keys, Args>,
    keys: Keys,
    args: Args,
    bytes = false,
  ): Promise<unknown> {
    return this.call((client) => runScript(client, script, keys, args, bytes))
  }

  /**
   * As {@link run}, and whether the connection broke meanwhile: then the client has sent the script again, as it was, and it
   * may have run twice. (A Cluster's client does not tell.)
   */
  async runNoting<Keys extends readonly string[], Args extends readonly ScriptArgument[]>(
    script: Script<Keys, Args>,
    keys: Keys,
    args: Args,
  ): Promise<{ reply: unknown; resent: boolean }> {
    const before = socketOf(this.main())
    const reply = await this.run(script, keys, args, true)
    // Without a connection at the start, it was sent for the first time when there was one.
    return { reply, resent: before !== undefined && socketOf(this.main()) !== before }
  }

  /** Send commands on the main client. @throws RqError as {@link redisError} says. */
  async call<T>(command: (client: Client) => Promise<T>): Promise<T> {
    const client = this.main()
    this.#pending += 1
    if (this.#pending === 1) this.#hold(client, true)
    try {
      return await command(client)
    } catch (error) {
      throw redisError(error, this.where, this.#troubles.of(client))
    } finally {
      this.#pending -= 1
      if (this.#pending === 0) this.#hold(client, false)
    }
  }

  /** Whether an open connection keeps the process alive: a producer's only while it waits for an answer. */
  #hold(client: Client, alive: boolean): void {
    if (this.#mainRole !== 'producer' || client === this.#given || !(client instanceof Redis)) return
    if (this.#lent && client === this.#main) return
    if (alive) client.stream?.ref()
    else client.stream?.unref()
  }

  /** Drop all connections; the next use opens new ones. */
  disconnect(): void {
    for (const client of this.#opened) client.disconnect()
    this.#opened.clear()
    this.#main = undefined
  }

  /** Drop all connections, and open none for what is still under way. */
  close(): void {
    this.#closed = true
    this.disconnect()
  }

  /** Let connections be opened again after {@link close}. */
  reopen(): void {
    this.#closed = false
  }
}

/** What a client talks through now. */
function socketOf(client: Client): unknown {
  return client instanceof Redis && client.status === 'ready' ? client.stream : undefined
}

function optionsOf(connection: string | RedisOptions): RedisOptions {
  if (typeof connection === 'string') {
    const url = checkUrl(connection)
    if (url.startsWith('/')) return { path: url }
    const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(url)
    const db = pathname.length > 1 ? Number(pathname.slice(1)) : 0
    if (!Number.isInteger(db) || db < 0) {
      throw new RqError('RQ_CONFIG', `Not a database number in ${maskUrl(url)}: expected redis://host:port/0.`)
    }
    const options: RedisOptions = { host: hostname || 'localhost', port: port === '' ? 6379 : Number(port), db }
    if (hostname.startsWith('[')) options.host = hostname.slice(1, -1)
    if (username !== '') options.username = decodeURIComponent(username)
    const secret = password || searchParams.get('password') || ''
    if (secret !== '') options.password = decodeURIComponent(secret)
    if (protocol === 'rediss:') options.tls = {}
    return options
  }
  if (typeof connection !== 'object' || connection === null) {
    throw invalidOption('connection', connection, 'a URL, ioredis options, or an ioredis client')
  }
  refuseKeyPrefix(connection)
  return connection
}

/** Scripts make most of their keys themselves, which ioredis does not see: such a prefix would stand before some only. */
function refuseKeyPrefix({ keyPrefix }: { readonly keyPrefix?: string | undefined }): void {
  if (keyPrefix === undefined || keyPrefix === '') return
  throw new RqError(
    'RQ_CONFIG',
    "rq cannot use a connection with ioredis's keyPrefix. Leave that out, and give rq the option prefix instead.",
  )
}

function roleOptions(role: Role): RedisOptions {
  const common: RedisOptions = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    protocol: 2,
    enableReadyCheck: true,
    // What a server that is full says before it closes is only read where one command alone was sent.
    disableClientInfo: true,
    retryStrategy: backoffMs,
  }
  if (role === 'producer') return { ...common, socketTimeout: SILENCE_MS, maxRetriesPerRequest: 2 }
  const patient: RedisOptions = { ...common, maxRetriesPerRequest: null }
  // A blocking read is silent for as long as it may block, and who sends it watches it.
  return role === 'blocking' ? patient : { ...patient, socketTimeout: SILENCE_MS }
}

/**
 * After a failover the old master lives on as a replica, and would refuse every write over this connection for ever; the
 * address leads to the new one. A call that meets it fails, and is made again by those who insist; the first one to meet it
 * gives the connection up.
 */
function givingUpDemoted(socket: () => unknown): (error: Error) => boolean {
  let givenUp: unknown
  return ({ message }) => {
    if (!message.startsWith('READONLY') || givenUp === socket()) return false
    givenUp = socket()
    return true
  }
}

/** Find out that a connection is dead although nobody sends anything through it. */
function askWhetherThere(client: Client): void {
  if (!(client instanceof Redis)) return
  const timer = setInterval(() => {
    if (client.status === 'ready') client.ping().catch(() => {})
  }, PING_MS).unref()
  client.once('end', () => clearInterval(timer))
}

/** 50 ms doubling to 3 s, plus up to half as much at random so that a fleet does not return in step. */
function backoffMs(attempt: number): number {
  const waitMs = Math.min(50 * 2 ** Math.min(attempt - 1, 10), LONGEST_BACKOFF_MS)
  return waitMs + Math.random() * waitMs * 0.5
}

function address(options: RedisOptions): string {
  if (typeof options.path === 'string') return options.path
  // A client of ioredis says null for none.
  if (Array.isArray(options.sentinels))
    return `the master "${options.name ?? ''}" of ${options.sentinels.length} sentinels`
  const scheme = options.tls === undefined ? 'redis' : 'rediss'
  return `${scheme}://${options.host ?? 'localhost'}:${options.port ?? 6379}/${options.db ?? 0}`
}
