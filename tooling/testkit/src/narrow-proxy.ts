import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface NarrowProxyOptions {
  /** How many bytes a second it takes from each client. 0: none, and what has come is lost. Default: no limit. */
  readonly bytesPerSecond?: number
  /** Reset a connection whose client has sent more bytes than this. Default: no limit. */
  readonly mostBytes?: number
}

export interface NarrowProxy extends AsyncDisposable {
  readonly url: string
  /** How many connections it has accepted. */
  readonly accepted: number
  /** May be changed at any time. */
  bytesPerSecond: number
}

/** Start a proxy before the Redis at `url` that takes only so many bytes from clients, and passes all replies on. */
export async function narrowProxy(url: string, options: NarrowProxyOptions = {}): Promise<NarrowProxy> {
  const target = new URL(url)
  const { mostBytes = Number.POSITIVE_INFINITY } = options
  const sockets = new Set<Socket>()
  let accepted = 0
  let bytesPerSecond = options.bytesPerSecond ?? Number.POSITIVE_INFINITY
  const server = createServer((client) => {
    accepted += 1
    const upstream = connect(Number(target.port || 6379), target.hostname)
    let sent = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.pipe(client)
    client.on('data', (chunk) => {
      sent += chunk.length
      if (sent > mostBytes) return client.resetAndDestroy()
      client.pause()
      if (bytesPerSecond === 0) return
      upstream.write(chunk)
      setTimeout(() => client.resume(), (chunk.length / bytesPerSecond) * 1000)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  const own = new URL(url)
  own.host = `127.0.0.1:${address.port}`
  return {
    url: own.href.replace(/\/$/, ''),
    get accepted() {
      return accepted
    },
    get bytesPerSecond() {
      return bytesPerSecond
    },
    set bytesPerSecond(rate) {
      bytesPerSecond = rate
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
