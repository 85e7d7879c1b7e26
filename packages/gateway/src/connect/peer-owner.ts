import { readFile } from 'node:fs/promises'

/** Both ends of a connection that was accepted on loopback. */
export interface LoopbackPeer {
  readonly remotePort: number
  readonly localPort: number
}

/** Which user of this machine is at the other end; `undefined` where the system does not tell. */
export type PeerOwner = (peer: LoopbackPeer) => Promise<number | undefined>

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']
// 127.0.0.1 as the kernel writes it, and mapped into IPv6, as Java connects.
const LOOPBACK = /^(?:0000000000000000FFFF0000)?[0-9A-F]{6}7F$/
const LOCAL_COLUMN = 1
const REMOTE_COLUMN = 2
const STATE_COLUMN = 3
const USER_COLUMN = 7
const ESTABLISHED = '01'

/** The port of `0100007F:2384`; nothing where the address is not on loopback. */
function loopbackPort(address: string | undefined): number | undefined {
  const [host = '', port = ''] = address?.split(':') ?? []
  return LOOPBACK.test(host) ? Number.parseInt(port, 16) : undefined
}

/** Finds the user of the socket that is connected from `remotePort` to `localPort`, in a table of Linux's `/proc/net`. */
export function findOwner(table: string, { remotePort, localPort }: LoopbackPeer): number | undefined {
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/)
    const isPeer =
      loopbackPort(columns[LOCAL_COLUMN]) === remotePort && loopbackPort(columns[REMOTE_COLUMN]) === localPort
    if (isPeer && columns[STATE_COLUMN] === ESTABLISHED) return Number(columns[USER_COLUMN])
  }
  return undefined
}

async function ownerByProc(peer: LoopbackPeer): Promise<number | undefined> {
  for (const path of TABLES) {
    const table = await readFile(path, 'latin1').catch(() => '')
    const owner = findOwner(table, peer)
    if (owner !== undefined) return owner
  }
  return undefined
}

/**
 * How this system tells who is at the other end of a loopback connection; `undefined` where it does not.
 *
 * Linux does. Elsewhere a port on loopback is open to every user of the machine.
 */
export function peerOwnerOf(platform: string): PeerOwner | undefined {
  return platform === 'linux' ? ownerByProc : undefined
}
