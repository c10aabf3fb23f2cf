import { invalidOption } from '@rq/core'

const PREFIX = 'whsec_'
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/
const FEWEST_BYTES = 24
const MOST_BYTES = 64

/**
 * The keys of secrets as Standard Webhooks writes them: `whsec_` and base64.
 * @throws RqError `RQ_INVALID_OPTION` naming `option`. It does not show the secret.
 */
export function signingKeys(secrets: unknown, option: string): readonly Uint8Array[] {
  const list: readonly unknown[] = Array.isArray(secrets) ? secrets : [secrets]
  const keys = list.map(keyOf)
  if (keys.length > 0 && keys.every((key) => key !== undefined)) return keys
  throw invalidOption(
    option,
    list.length === 0 ? secrets : 'a secret of another form',
    `${PREFIX} and the base64 of ${FEWEST_BYTES} to ${MOST_BYTES} random bytes, or a list of these`,
  )
}

function keyOf(secret: unknown): Uint8Array | undefined {
  if (typeof secret !== 'string' || !secret.startsWith(PREFIX)) return undefined
  const text = secret.slice(PREFIX.length)
  const key = Buffer.from(text, 'base64')
  return BASE64.test(text) && key.length >= FEWEST_BYTES && key.length <= MOST_BYTES ? key : undefined
}
