const URL_OF_STORE = process.env.STORE_URL ?? 'http://localhost:8080'
const PING_MS = 2000

/** Whether the store answers. */
export async function storeIsUp(): Promise<boolean> {
  try {
    return (await fetch(`${URL_OF_STORE}/ping`, { signal: AbortSignal.timeout(PING_MS) })).ok
  } catch {
    return false
  }
}

/** @throws Error when the store refuses, or is not there. */
export async function callStore(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(URL_OF_STORE + path, { method, ...(body && { body: JSON.stringify(body) }) })
  if (!response.ok) throw new Error(`${method} ${path}: the store answered ${response.status}`)
}
