const SCRIPTS = new URL('../../../scripts/', import.meta.url)

/** A Redis of the bench's own on a free port. */
export interface OwnRedis {
  readonly url: string
  stop(): Promise<void>
}

interface Scripts {
  acquireRedis(): Promise<string>
  startServer(binary: string, options: { args?: readonly string[] }): Promise<OwnRedis>
}

/** The server that is used, fetched if need be. */
export async function acquireBinary(): Promise<string> {
  const { acquireRedis } = await load<Pick<Scripts, 'acquireRedis'>>('redis.mjs')
  return acquireRedis()
}

/** Without persistence, unless the arguments say otherwise. */
export async function ownRedis(args: readonly string[]): Promise<OwnRedis> {
  const { startServer } = await load<Pick<Scripts, 'startServer'>>('redis/server.mjs')
  return startServer(await acquireBinary(), { args })
}

function load<T>(name: string): Promise<T> {
  return import(new URL(name, SCRIPTS).href) as Promise<T>
}
