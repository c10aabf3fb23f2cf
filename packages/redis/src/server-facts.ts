import { performance } from 'node:perf_hooks'
import type { Connections } from './connection/connections.ts'
import type { Client } from './connection/script.ts'

/** What a server says of itself, and what can be measured from here. */
export interface ServerFacts {
  /** The server's address without secrets. */
  readonly where: string
  /** Redis, Valkey, KeyDB or Dragonfly. */
  readonly product: string
  readonly version: string
  /** The fields of INFO; none when the user may not send it. */
  readonly info: ReadonlyMap<string, string>
  /** Settings, by their names in redis.conf; those that the user may read. */
  readonly settings: ReadonlyMap<string, string>
  /** Median of the times that some PINGs took, in milliseconds. */
  readonly pingMs: number
  /** By how much the server's clock is ahead of this machine's, in milliseconds; a slow answer makes it less exact. */
  readonly clockAheadMs: number
}

const PINGS = 11
const SETTINGS = ['save', 'appendfsync', 'min-replicas-to-write', 'stop-writes-on-bgsave-error'] as const

/** Read them. Writes nothing. @throws RqError as every call, when the server cannot be reached. */
export async function readServerFacts(connections: Connections): Promise<ServerFacts> {
  const ping = () => connections.call((client) => client.ping())
  // The first one also connects.
  await ping()
  const pings: number[] = []
  for (let n = 0; n < PINGS; n++) pings.push(await tookMs(ping))
  const info = parseInfo(await optional(connections, (client) => client.info()))
  const settings = new Map<string, string>()
  for (const name of SETTINGS) {
    const found = await optional(connections, (client) => client.config('GET', name) as Promise<unknown>)
    const value = Array.isArray(found) ? found[1] : undefined
    if (typeof value === 'string') settings.set(name, value)
  }
  return {
    where: connections.where,
    ...productOf(info),
    info,
    settings,
    pingMs: pings.sort((a, b) => a - b)[PINGS >> 1] ?? 0,
    clockAheadMs: await clockAheadMs(connections),
  }
}

/** The answer to a command that a user with few rights may not send, or an old server does not know. */
async function optional<T>(connections: Connections, command: (client: Client) => Promise<T>): Promise<T | undefined> {
  return connections.call((client) => command(client).catch(() => undefined))
}

async function tookMs(call: () => Promise<unknown>): Promise<number> {
  const begunMs = performance.now()
  await call()
  return performance.now() - begunMs
}

/** As if the server had read its clock in the middle of the call. */
async function clockAheadMs(connections: Connections): Promise<number> {
  const sentMs = Date.now()
  const [seconds, micros] = await connections.call((client) => client.time())
  const hereMs = (sentMs + Date.now()) / 2
  return Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - hereMs)
}

/** The fields of a reply of INFO. */
export function parseInfo(text: string | undefined): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [, name = '', value = ''] of (text ?? '').matchAll(/^([^#\s:][^:\r\n]*):([^\r\n]*)/gm))
    fields.set(name, value)
  return fields
}

/** Others than Redis keep its name of the field, with the version of Redis that they are like. */
export function productOf(info: ReadonlyMap<string, string>): { readonly product: string; readonly version: string } {
  const dragonfly = info.get('dragonfly_version')
  if (dragonfly !== undefined) return { product: 'Dragonfly', version: dragonfly.replace(/^df-v?/, '') }
  const valkey = info.get('valkey_version')
  if (valkey !== undefined) return { product: 'Valkey', version: valkey }
  const version = info.get('redis_version') ?? ''
  // Only KeyDB has this field.
  return { product: info.has('mvcc_depth') || info.get('executable')?.includes('keydb') ? 'KeyDB' : 'Redis', version }
}
