import { BlockList, isIP } from 'node:net'

/** Blocks of IPv4 that lead to no host of the public internet (IANA's registry of special addresses, and multicast). */
const SPECIAL_V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private
  '100.64.0.0/10', // behind the address translation of a provider
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local, among them the metadata services of clouds
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // once relays from IPv6
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
]

/**
 * Public hosts are in 2000::/3 only. So loopback, unique-local, link-local and multicast addresses are out, as are
 * those that hold an IPv4 address: mapped (::ffff:0:0/96) or translated (64:ff9b::/96).
 */
const GLOBAL_V6 = '2000::/3'

/** Blocks of 2000::/3 that are special all the same. */
const SPECIAL_V6 = [
  '2001::/23', // protocol assignments, among them Teredo, which holds an IPv4 address
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which holds an IPv4 address
  '3fff::/20', // documentation
]

const specialV4 = blocks('ipv4', SPECIAL_V4)
const globalV6 = blocks('ipv6', [GLOBAL_V6])
const specialV6 = blocks('ipv6', SPECIAL_V6)

/** Whether this IP address may be a host of the public internet. False for what is no IP address. */
export function isPublicAddress(address: string): boolean {
  // An address with a zone is of one link only.
  if (address.includes('%')) return false
  switch (isIP(address)) {
    case 4:
      return !specialV4.check(address, 'ipv4')
    case 6:
      return globalV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6')
    default:
      return false
  }
}

function blocks(family: 'ipv4' | 'ipv6', subnets: readonly string[]): BlockList {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [network = '', bits] = subnet.split('/')
    list.addSubnet(network, Number(bits), family)
  }
  return list
}
