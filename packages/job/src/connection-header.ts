/** Headers that belong to a connection, or that would lead a request to another host. */
const NAMES: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether a header of this name, in any case, cannot be set for a webhook. */
export function isConnectionHeader(name: string): boolean {
  return NAMES.has(name.toLowerCase())
}
