const SCRIPTS = new URL('../../../scripts/', import.meta.url)

/** A Redis server that belongs to the bench, on a free port. */
export interface OwnRedis {
  readonly url: string
  stop(): Promise<void>
}

interface Scripts {
  acquireRedis(): Promise<string>
  startServer(binary: string, options: { args?: readonly string[] }): Promise<OwnRedis>
}

/** The path of redis-server, installed if necessary. */
export async function acquireBinary(): Promise<string> {
  const { acquireRedis } = await load<Pick<Scripts, 'acquireRedis'>>('redis.mjs')
  return acquireRedis()
}

/** Start a server, without persistence unless the arguments turn it on. */
export async function ownRedis(args: readonly string[]): Promise<OwnRedis> {
  const { startServer } = await load<Pick<Scripts, 'startServer'>>('redis/server.mjs')
  return startServer(await acquireBinary(), { args })
}

function load<T>(name: string): Promise<T> {
  return import(new URL(name, SCRIPTS).href) as Promise<T>
}
