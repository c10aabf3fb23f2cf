import type { RedisOptions } from 'ioredis'

/**
 * Whether any program on the network may use the server, as far as these options show: it is on another host, and gets
 * neither a password nor a certificate of ours.
 */
export function isUnprotected({ host, password, path, sentinels, tls }: RedisOptions): boolean {
  if (password || tls?.key || tls?.pfx || path) return false
  const hosts = sentinels?.map((sentinel) => sentinel.host) ?? [host]
  return !hosts.every((one = 'localhost') => isLoopback(one))
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^(?:::ffff:)?127\.[\d.]+$/.test(host)
}
