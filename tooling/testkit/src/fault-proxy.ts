import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { deferred } from '@rq/core'
import * as scripts from '../../../packages/redis/src/connection/scripts.generated.ts'
import { RespFrames, requestWords } from './resp-frames.ts'

/** A command that a client sends to Redis. */
export interface ProxyCommand {
  /** Its number among those that count, over all connections, from 1; 0 when it does not count. */
  readonly n: number
  /** The connection's number, from 1. */
  readonly connection: number
  /** Lower case; for a script of ours the script's name: `claim`, `hset`, `blmove`. */
  readonly name: string
  /** The words after the command's name, decoded as UTF-8. */
  readonly args: readonly string[]
}

/**
 * What the proxy does to a command.
 * - `before`, `after`: awaits a hook, before it forwards the command, or between Redis's reply and the client.
 * - `cut`: forwards the command, and resets the connection instead of forwarding the reply.
 * - `reset`: resets the connection; Redis never sees the command.
 * - `delay`: forwards the command later.
 * - `error`: replies with this error (`'LOADING Redis is loading'`) instead of forwarding the command.
 * - `answer`: replies with these bytes, valid RESP or not, instead of forwarding the command.
 * - `swallow`: neither forwards the command nor replies.
 */
export type Fault =
  | { readonly kind: 'before' | 'after'; readonly hook: () => unknown }
  | { readonly kind: 'cut' | 'reset' | 'swallow' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'error'; readonly message: string }
  | { readonly kind: 'answer'; readonly bytes: string }

export interface FaultProxyOptions {
  /** Called with every command; returns what to do to it. Default: nothing. */
  onCommand?: (command: ProxyCommand) => Fault | undefined
  /** Which commands get a number. Default: all but those that a client sends when it connects. */
  counts?: (name: string) => boolean
  /** Returns the name of the script with this SHA-1. Default: the scripts of `@rq/redis`. */
  scriptName?: (sha: string) => string | undefined
}

export interface FaultProxy extends AsyncDisposable {
  /** Where the code under test connects to. User and password are those of the server's URL. */
  readonly url: string
  readonly port: number
  /** Names of the counted commands, in order; `commands[n - 1]` is the name of the n-th. */
  readonly commands: readonly string[]
  /** Connections that clients have open now. */
  readonly connections: number
  /** Called with every command; may be replaced at any time. */
  onCommand: (command: ProxyCommand) => Fault | undefined
  /** Hold back everything in both directions: a network partition, or a dead client as Redis sees it. */
  freeze(): void
  /** Forward what was held back, in order, and everything after it. */
  thaw(): void
  /** Reset every connection. New ones are accepted. */
  reset(): void
  /** Drop everything on the present connections, which stay open (half open). New ones work. */
  silence(): void
  /** Connect new clients to the Redis at this URL, as when a host name gets another address. */
  lead(url: string): void
}

const HANDSHAKE = new Set(['hello', 'auth', 'select', 'client', 'info', 'quit'])
/** After one of these a connection carries pushed messages, which look like replies. */
const STREAMING = new Set(['subscribe', 'psubscribe', 'ssubscribe', 'monitor'])

const NAMES: ReadonlyMap<string, string> = new Map(Object.values(scripts).map(({ sha, name }) => [sha, name]))

/**
 * Start a proxy between clients and the Redis at `url` that counts commands and injects faults:
 * `await using proxy = await faultProxy(redis.url, { onCommand: ({ n }) => (n === 3 ? { kind: 'cut' } : undefined) })`.
 * It forwards a connection's commands one at a time, each after the reply to the one before.
 */
export async function faultProxy(url: string, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  const target = new URL(url)
  const hub = new Hub(target, options)
  const server = createServer((client) => hub.accept(client))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  const { port } = address
  const own = new URL(url)
  own.host = `127.0.0.1:${port}`
  return {
    url: own.href.replace(/\/$/, ''),
    port,
    commands: hub.commands,
    get connections() {
      return hub.links.size
    },
    get onCommand() {
      return hub.onCommand
    },
    set onCommand(onCommand) {
      hub.onCommand = onCommand
    },
    freeze: () => hub.freeze(),
    thaw: () => hub.thaw(),
    reset: () => hub.reset(),
    silence: () => hub.silence(),
    lead: (to) => hub.lead(to),
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      hub.close()
      await closed
    },
  }
}

class Hub {
  readonly commands: string[] = []
  readonly links = new Set<Link>()
  target: URL
  onCommand: (command: ProxyCommand) => Fault | undefined
  readonly #counts: (name: string) => boolean
  readonly #scriptName: (sha: string) => string | undefined
  #thawed: { promise: Promise<void>; resolve: () => void } | undefined
  #connections = 0

  constructor(target: URL, { onCommand, counts, scriptName }: FaultProxyOptions) {
    this.target = target
    this.onCommand = onCommand ?? (() => undefined)
    this.#counts = counts ?? ((name) => !HANDSHAKE.has(name))
    this.#scriptName = scriptName ?? ((sha) => NAMES.get(sha))
  }

  accept(client: Socket): void {
    this.#connections += 1
    const link = new Link(this, client, this.#connections)
    this.links.add(link)
  }

  read(words: readonly Buffer[], connection: number): ProxyCommand {
    const [word, ...args] = words.map(String)
    const name = this.#nameOf((word ?? '').toLowerCase(), args[0] ?? '')
    const counts = this.#counts(name)
    if (counts) this.commands.push(name)
    return { n: counts ? this.commands.length : 0, connection, name, args }
  }

  #nameOf(command: string, first: string): string {
    if (command === 'evalsha') return this.#scriptName(first) ?? command
    if (command !== 'eval') return command
    return this.#scriptName(createHash('sha1').update(first).digest('hex')) ?? command
  }

  /** Resolves when the proxy is not frozen. */
  async passing(): Promise<void> {
    while (this.#thawed !== undefined) await this.#thawed.promise
  }

  freeze(): void {
    this.#thawed ??= deferred()
  }

  thaw(): void {
    this.#thawed?.resolve()
    this.#thawed = undefined
  }

  reset(): void {
    for (const link of this.links) if (!link.isSilent) link.reset()
  }

  silence(): void {
    for (const link of this.links) link.isSilent = true
  }

  lead(url: string): void {
    this.target = new URL(url)
  }

  close(): void {
    for (const link of this.links) link.reset()
  }
}

/** One client's connection and the connection to Redis that belongs to it. */
class Link {
  /** Open at both ends, but everything is dropped. */
  isSilent = false
  readonly #hub: Hub
  readonly #client: Socket
  readonly #upstream: Socket
  readonly #number: number
  readonly #requests: Buffer[] = []
  readonly #answers: Buffer[] = []
  #answered: () => void = () => {}
  #isServing = false
  #isStreaming = false
  #isOver = false

  constructor(hub: Hub, client: Socket, number: number) {
    this.#hub = hub
    this.#client = client
    this.#number = number
    this.#upstream = connect(Number(hub.target.port || 6379), hub.target.hostname)
    for (const socket of [client, this.#upstream]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => this.#hangUp(socket))
    }
    const requests = new RespFrames()
    client.on('data', (chunk) => {
      if (this.isSilent) return
      this.#requests.push(...requests.push(chunk))
      void this.#serve()
    })
    const answers = new RespFrames()
    this.#upstream.on('data', (chunk) => {
      const frames = answers.push(chunk)
      if (this.#isStreaming) void this.#toClient(...frames)
      else this.#answers.push(...frames)
      this.#answered()
    })
  }

  /** A silent connection does not show the client that Redis's end is closed. */
  #hangUp(socket: Socket): void {
    if (socket === this.#client || !this.isSilent) this.reset()
  }

  reset(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#hub.links.delete(this)
    this.#client.resetAndDestroy()
    this.#upstream.destroy()
    this.#answered()
  }

  async #serve(): Promise<void> {
    if (this.#isServing) return
    this.#isServing = true
    for (;;) {
      const request = this.#requests.shift()
      if (request === undefined || this.#isOver) break
      await this.#hub.passing()
      if (!this.#isOver) await this.#handle(request)
    }
    this.#isServing = false
  }

  async #handle(request: Buffer): Promise<void> {
    const command = this.#hub.read(requestWords(request), this.#number)
    const fault = this.#hub.onCommand(command)
    switch (fault?.kind) {
      case 'reset':
        return this.reset()
      case 'swallow':
        return
      case 'error':
        return this.#toClient(Buffer.from(`-${fault.message}\r\n`))
      case 'answer':
        return this.#toClient(Buffer.from(fault.bytes))
      case 'delay':
        await delay(fault.ms)
        break
      case 'before':
        await fault.hook()
    }
    await this.#hub.passing()
    if (this.#isOver) return
    if (STREAMING.has(command.name)) this.#isStreaming = true
    this.#upstream.write(request)
    if (this.#isStreaming) return
    const answer = await this.#answer()
    if (answer === undefined) return
    if (fault?.kind === 'cut') return this.reset()
    if (fault?.kind === 'after') await fault.hook()
    await this.#toClient(answer)
  }

  /** The next reply of Redis; undefined when the connection ends first. */
  async #answer(): Promise<Buffer | undefined> {
    while (this.#answers.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#answered = resolve
      })
    }
    return this.#isOver ? undefined : this.#answers.shift()
  }

  async #toClient(...frames: readonly Buffer[]): Promise<void> {
    await this.#hub.passing()
    for (const frame of frames) if (!this.#isOver && !this.isSilent) this.#client.write(frame)
  }
}
