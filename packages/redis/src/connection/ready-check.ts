import type { Redis } from 'ioredis'

type Callback = (error: Error | null | undefined, reply?: string) => void

/**
 * Keep ioredis from printing to the console at each connection of a user who may not run INFO. It skips its check of
 * whether Redis has loaded its data then, and so it does after the empty reply that it gets here instead.
 */
export function checkReadyQuietly(client: Redis): void {
  const info = client.info.bind(client) as (...words: unknown[]) => Promise<string>
  const quiet = (...words: unknown[]): Promise<string> => {
    const callback = words.at(-1)
    if (!isCallback(callback)) return info(...words)
    return info(...words.slice(0, -1), (error: Error | null | undefined, reply?: string) => {
      if (error?.message.startsWith('NOPERM')) callback(null, '')
      else callback(error, reply)
    })
  }
  client.info = quiet as typeof client.info
}

function isCallback(value: unknown): value is Callback {
  return typeof value === 'function'
}
