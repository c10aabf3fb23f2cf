import { invalidOption } from '@rq/core'

/** Where a call may go: nowhere, to a public address, or to any address that the name of the host leads to. */
export type Reach = 'none' | 'public' | 'any'

interface HostRule {
  /** As `URL` writes it, without a dot at the end. Undefined: every host. */
  readonly host: string | undefined
  /** Its subdomains instead of the host itself. */
  readonly isSubdomains: boolean
  /** Undefined: every port. */
  readonly port: string | undefined
}

/** `host`, `*.domain`, `[IPv6]` or `*`, and perhaps a port. */
const PATTERN = /^(\*|(?:\*\.)?[^\s/:*@?#[\]\\]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i
/** Two colons: no port, but IPv6 without its brackets. */
const BARE_IPV6 = /^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/i
const EXPECTED = "hosts such as 'hooks.example.com', '*.example.com', '10.0.0.5', 'localhost:8080' or '*', at least one"
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * The hosts that webhooks may call. Without a list: every host at a public address. With one: only the hosts that it
 * names, whatever their addresses; `*` in it stands for every other host at a public address.
 */
export class AllowedHosts {
  readonly #rules: readonly HostRule[]

  /** @throws RqError `RQ_INVALID_OPTION` naming `option`. */
  constructor(patterns: unknown = ['*'], option = 'webhooks.allow') {
    if (!Array.isArray(patterns) || patterns.length === 0) throw invalidOption(option, patterns, EXPECTED)
    this.#rules = patterns.map((pattern) => {
      const rule = typeof pattern === 'string' ? readRule(pattern) : undefined
      if (rule === undefined) throw invalidOption(option, pattern, EXPECTED)
      return rule
    })
  }

  reach(url: URL): Reach {
    const matching = this.#rules.filter((rule) => matches(rule, url))
    if (matching.some(({ host }) => host !== undefined)) return 'any'
    return matching.length > 0 ? 'public' : 'none'
  }
}

function readRule(pattern: string): HostRule | undefined {
  const [, name, port] = PATTERN.exec(BARE_IPV6.test(pattern) ? `[${pattern}]` : pattern) ?? []
  if (name === undefined) return undefined
  if (name === '*') return { host: undefined, isSubdomains: false, port }
  const isSubdomains = name.startsWith('*.')
  const address = `http://${isSubdomains ? name.slice(2) : name}`
  return URL.canParse(address) ? { host: hostOf(new URL(address)), isSubdomains, port } : undefined
}

function matches({ host, isSubdomains, port }: HostRule, url: URL): boolean {
  if (port !== undefined && port !== (url.port || DEFAULT_PORTS[url.protocol])) return false
  if (host === undefined) return true
  return isSubdomains ? hostOf(url).endsWith(`.${host}`) : hostOf(url) === host
}

/** Lower case, in ASCII, IP addresses in their usual form: `URL` sees to that. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '')
}
