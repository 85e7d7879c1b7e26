import type { Principal } from '@headgate/policy'
import type { ClusterConfig, UpstreamCredentialMatch, UpstreamSasl } from './gateway-config.ts'

function isMatch(match: UpstreamCredentialMatch, principal: Principal): boolean {
  if (match.issuer !== principal.issuer) return false
  if (match.subject !== undefined) return match.subject === principal.subject
  return match.group !== undefined && principal.groups?.includes(match.group) === true
}

/**
 * Gives the credential to sign in to the brokers with for a principal: the first entry of `cluster.credentials` that
 * matches, else the cluster's own. A principal whose groups are unknown matches no entry by group.
 */
export function upstreamCredentialFor(cluster: ClusterConfig, principal: Principal): UpstreamSasl | undefined {
  return cluster.credentials.find((entry) => isMatch(entry.match, principal))?.sasl ?? cluster.sasl
}
