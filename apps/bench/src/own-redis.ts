const SCRIPTS = new URL('../../../scripts/', import.meta.url)

/** A server that belongs to the bench. */
export interface OwnServer {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

interface Scripts {
  acquireRedis(): Promise<string>
  startServer(binary: string, options: { args?: readonly string[] }): Promise<OwnServer>
}

/** The path of redis-server, installed if necessary. */
export async function acquireBinary(): Promise<string> {
  const { acquireRedis } = await load<Pick<Scripts, 'acquireRedis'>>('redis.mjs')
  return acquireRedis()
}

/** Start a Redis on a free port, without persistence unless the arguments turn it on. */
export async function ownRedis(args: readonly string[]): Promise<OwnServer> {
  const { startServer } = await load<Pick<Scripts, 'startServer'>>('redis/server.mjs')
  return startServer(await acquireBinary(), { args })
}

function load<T>(name: string): Promise<T> {
  return import(new URL(name, SCRIPTS).href) as Promise<T>
}
