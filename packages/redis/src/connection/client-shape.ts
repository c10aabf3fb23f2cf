import { RqError } from '@rq/core'
import type { Cluster, Redis } from 'ioredis'
import type { Client } from './script.ts'

/**
 * A client of any copy of ioredis, version 5 or 6, or of a library that was made from it, such as iovalkey: what they
 * all have, and no other client has.
 */
export interface ClientLike {
  readonly status: string
  readonly isCluster: boolean
  readonly options: object
  duplicate(...options: never[]): unknown
  call(...words: never[]): unknown
  callBuffer(...words: never[]): unknown
}

/** Whether it is a client of ioredis or of its kin, from whatever copy: rq may have loaded another one. */
export function isClient(value: unknown): value is Client {
  if (typeof value !== 'object' || value === null) return false
  const { status, isCluster, options, duplicate, callBuffer } = value as Partial<ClientLike>
  return (
    typeof status === 'string' &&
    typeof isCluster === 'boolean' &&
    typeof options === 'object' &&
    typeof duplicate === 'function' &&
    typeof callBuffer === 'function'
  )
}

/** Whether a client leads to a Cluster. */
export function isCluster(client: Client): client is Cluster {
  return client.isCluster
}

/** Whether a client leads to one server. */
export function isSingle(client: Client): client is Redis {
  return !client.isCluster
}

/** Methods by which a client of another library gives itself away. No option of ioredis has one of these names. */
const METHODS = ['sendCommand', 'connect', 'get', 'send', 'customCommand']

/** Refuse a client of another library, which ioredis would take for options. @throws RqError `RQ_CONFIG`. */
export function refuseOtherClient(value: object): void {
  if (METHODS.every((name) => typeof Reflect.get(value, name) !== 'function')) return
  throw new RqError(
    'RQ_CONFIG',
    `The connection is ${libraryOf(value)}, which rq cannot use. Give a URL, ioredis options, or a client of ioredis (5 or 6) or iovalkey.`,
  )
}

function libraryOf(value: object): string {
  const { name } = value.constructor
  if (/RedisMock$/.test(name)) return 'a client of ioredis-mock'
  if ('isOpen' in value && 'isReady' in value) return 'a client of node-redis (the package redis)'
  return /^$|^(Object|Class)$/.test(name) ? 'a client of another library' : `a client of another library (${name})`
}
