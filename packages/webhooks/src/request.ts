import { lookup as lookupAddresses } from 'node:dns/promises'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import type { Reach } from './allowed-hosts.ts'
import { isPublicAddress } from './public-address.ts'

/** All addresses of a host. */
export type Resolve = (host: string) => Promise<readonly { address: string; family: number }[]>

export interface RequestInput {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly reach: Exclude<Reach, 'none'>
  readonly signal: AbortSignal
  /** Default: as the system does. */
  readonly resolve?: Resolve | undefined
}

export interface Answer {
  readonly status: number
  /** The header `Retry-After`. */
  readonly retryAfter: string | undefined
}

/** The host has an address that may not be called. */
export class AddressRefused extends Error {
  constructor(address: string) {
    super(`${address} is not a public address`)
  }
}

/**
 * One request over a connection of its own, which ends with the head of the answer: the body is not read. Redirects are
 * not followed, and no proxy is asked. Every address of the host is judged, and it is one of the judged addresses that
 * is connected to, whatever the name leads to later.
 * @throws AddressRefused, and what Node throws.
 */
export async function request({ url, method, headers, body, reach, signal, resolve }: RequestInput): Promise<Answer> {
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (reach === 'public' && isIP(literal) > 0) refuseUnlessPublic([literal])
  // Loaded at the first call, since it takes some milliseconds, and most programs make none.
  const { request: send } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  const lookup = judgedLookup(reach, resolve)
  const sent = send(url, { method, headers: { ...headers }, agent: false, lookup, signal })
  const answer = answerOf(sent)
  sent.end(body)
  return await answer
}

function answerOf(sent: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    sent.once('response', (response: IncomingMessage) => {
      response.on('error', () => {})
      resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] })
      sent.destroy()
    })
    sent.on('error', reject)
    // A server may close the connection, or answer with another protocol.
    sent.once('close', () => reject(new Error('no response')))
  })
}

function judgedLookup(reach: RequestInput['reach'], resolve: Resolve = resolveAll): LookupFunction {
  return (host, options, callback) => {
    resolve(host)
      .then((addresses) => {
        if (reach === 'public') refuseUnlessPublic(addresses.map(({ address }) => address))
        return [...addresses]
      })
      .then(
        (addresses) => {
          if (options.all === true) callback(null, addresses)
          else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
        },
        (error: NodeJS.ErrnoException) => callback(error, ''),
      )
  }
}

function resolveAll(host: string) {
  return lookupAddresses(host, { all: true })
}

function refuseUnlessPublic(addresses: readonly string[]): void {
  const refused = addresses.find((address) => !isPublicAddress(address))
  if (refused !== undefined) throw new AddressRefused(refused)
}
