import type { IssuerConfig } from '../config/issuer-config.ts'

/** Whom a fetch may ask, and how. */
export interface Reach {
  /** The hosts that may be asked, as in `URL.hostname`; every one when absent. */
  readonly hosts: ReadonlySet<string> | undefined
  readonly isPrivateNetworkAllowed: boolean
  readonly isPlaintextAllowed: boolean
  /** PEM of the accepted authorities; the system's when absent. */
  readonly caPem: string | undefined
}

/** Gives the reach of an issuer: its own host, that of its keys, and the hosts that its config names. Its answers add none. */
export function reachOf(issuer: IssuerConfig): Reach {
  const { hosts, jwksUri, isPrivateNetworkAllowed, isPlaintextAllowed, caPem } = issuer
  const own = [issuer.type === 'spiffe' ? undefined : issuer.issuer, jwksUri].flatMap((url) => {
    const hostname = url === undefined ? undefined : URL.parse(url)?.hostname
    return hostname ?? []
  })
  return { hosts: new Set([...own, ...hosts]), isPrivateNetworkAllowed, isPlaintextAllowed, caPem }
}
