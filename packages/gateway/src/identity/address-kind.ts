import { BlockList, isIP, isIPv6 } from 'node:net'

/** Whom an address reaches: anybody's machine, one of a private network, this machine, or nothing that a service is reached by. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'never'

type Range = readonly [net: string, prefix: number]

function blockListOf(v4: readonly Range[], v6: readonly Range[]): BlockList {
  const list = new BlockList()
  for (const [net, prefix] of v4) list.addSubnet(net, prefix, 'ipv4')
  for (const [net, prefix] of v6) list.addSubnet(net, prefix, 'ipv6')
  return list
}

const LOOPBACK = blockListOf([['127.0.0.0', 8]], [['::1', 128]])

// RFC 6890: this network, link-local (where clouds keep their metadata services), multicast and what is reserved.
const NEVER = blockListOf(
  [
    ['0.0.0.0', 8],
    ['169.254.0.0', 16],
    ['192.0.0.0', 24],
    ['224.0.0.0', 4],
    ['240.0.0.0', 4],
  ],
  [
    ['::', 128],
    ['fe80::', 10],
    ['ff00::', 8],
    // The metadata service of a cloud, in the range of private networks.
    ['fd00:ec2::254', 128],
  ],
)

// RFC 1918, RFC 6598, RFC 2544, RFC 4193, RFC 3879.
const PRIVATE = blockListOf(
  [
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
  ],
  [
    ['fc00::', 7],
    ['fec0::', 10],
  ],
)

// Forms of IPv6 that carry an IPv4 address: mapped, compatible, NAT64 (RFC 6052), 6to4, Teredo.
const CARRIERS = blockListOf(
  [],
  [
    ['::', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['2002::', 16],
    ['2001::', 32],
  ],
)

/**
 * Tells what kind of address one is. An IPv4 address that is mapped into IPv6 is what it is in IPv4; any other form that
 * carries one is never spoken to, since what it reaches is another network's to say.
 */
export function kindOfAddress(address: string): AddressKind {
  // A list of ranges says of what is no address that it is in none.
  if (isIP(address) === 0) return 'never'
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  if (LOOPBACK.check(address, family)) return 'loopback'
  if (NEVER.check(address, family)) return 'never'
  if (PRIVATE.check(address, family)) return 'private'
  return family === 'ipv6' && CARRIERS.check(address, family) ? 'never' : 'public'
}
