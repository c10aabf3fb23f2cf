import { checkOptionNames, invalidOption, type OptionNames } from '@rq/core'
import { AllowedHosts } from './allowed-hosts.ts'
import { signingKeys } from './signing-keys.ts'

/** What a worker may call, and how it signs. */
export interface WebhookPolicyOptions {
  /**
   * The hosts that may be called: a name, an IP address, `*.domain` for its subdomains, each perhaps with a port. Only
   * these are called, whatever their addresses; `*` adds every other host at a public address. Default: every host at a
   * public address.
   */
  readonly allow?: readonly string[]
  /**
   * Sign calls as Standard Webhooks does, with `whsec_` and the base64 of 24 to 64 random bytes. With several secrets
   * there is a signature of each, so that receivers can change from one to the next. Default: no signatures.
   */
  readonly sign?: { readonly secret: string | readonly string[] }
}

/** {@link WebhookPolicyOptions}, checked. */
export interface WebhookPolicy {
  readonly hosts: AllowedHosts
  readonly keys: readonly Uint8Array[]
}

const NAMES: OptionNames<WebhookPolicyOptions> = { allow: true, sign: true }
const SIGN_NAMES: OptionNames<NonNullable<WebhookPolicyOptions['sign']>> = { secret: true }

/**
 * Check the option `webhooks`. False: nothing may be called.
 * @throws RqError `RQ_INVALID_OPTION`. It does not show secrets.
 */
export function checkWebhookPolicy(value: unknown = {}, option = 'webhooks'): WebhookPolicy | false {
  if (value === false) return false
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidOption(option, value, 'false, or an object with `allow`, `sign` or both')
  }
  const { allow, sign } = checkOptionNames(value as WebhookPolicyOptions, NAMES, option)
  return { hosts: new AllowedHosts(allow, `${option}.allow`), keys: keysOf(sign, `${option}.sign`) }
}

function keysOf(sign: unknown, option: string): readonly Uint8Array[] {
  if (sign === undefined) return []
  if (typeof sign !== 'object' || sign === null) throw invalidOption(option, 'a value', 'an object with a `secret`')
  const { secret } = checkOptionNames(sign as { secret: unknown }, SIGN_NAMES, option)
  return signingKeys(secret, `${option}.secret`)
}
