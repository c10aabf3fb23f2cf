import { createHmac } from 'node:crypto'

export interface SignedMessage {
  /** The same for each try of one webhook, and of no other. */
  readonly id: string
  /** When it is sent, in seconds since 1970. */
  readonly timestampS: number
  readonly body: string
}

/** The headers of Standard Webhooks. There is a signature for each key, so that a secret can be replaced. */
export function standardHeaders(
  { id, timestampS, body }: SignedMessage,
  keys: readonly Uint8Array[],
): Record<string, string> {
  const signatures = keys.map((key) => {
    return `v1,${createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampS),
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  }
}
