import { matchesGlob, type PolicyIssuer } from '@headgate/policy'
import type { GatewayConfig } from './gateway-config.ts'
import type { GroupMapping, IssuerConfig } from './issuer-config.ts'

/** Tells whether a mapping lets an issuer assert a group, by its name in the policy. */
export function isAssertable({ assertable }: GroupMapping, group: string): boolean {
  return assertable === undefined || assertable.some((pattern) => matchesGlob(pattern, group))
}

const SERVICE_ACCOUNTS = /^system:serviceaccounts(:|$)/

function statesGroup({ type, groupsClaim }: IssuerConfig, group: string): boolean {
  if (type === 'oidc') return groupsClaim !== undefined
  return type === 'kubernetes' && SERVICE_ACCOUNTS.test(group)
}

/** What a policy has to know of the issuers of a config, of every kind, to tell whose names it means. */
export function policyIssuersOf({
  issuers,
  samlIssuers = [],
}: Pick<GatewayConfig, 'issuers' | 'samlIssuers'>): readonly PolicyIssuer[] {
  const bySaml = samlIssuers.map((issuer) => policyIssuerOf(issuer, () => issuer.groupsAttribute !== undefined))
  return [...issuers.map((issuer) => policyIssuerOf(issuer, (group) => statesGroup(issuer, group))), ...bySaml]
}

function policyIssuerOf(
  { name, claims, groups }: Pick<IssuerConfig, 'name' | 'claims' | 'groups'>,
  states: (group: string) => boolean,
): PolicyIssuer {
  return { name, claims: Object.keys(claims), mayAssert: (group) => states(group) && isAssertable(groups, group) }
}
